"""SES: identities, templates, configuration sets."""

from services import keep


def seed(aws):
    ses, step = aws.client("ses"), aws.step
    step("address", ses.verify_email_identity, EmailAddress="shop@example.test")
    step("domain", ses.verify_domain_identity, Domain="mail.example.test")
    step("template", ses.create_template, Template={"TemplateName": "welcome", "SubjectPart": "Hi {{name}}", "TextPart": "Welcome", "HtmlPart": "<b>Welcome</b>"})
    step("configuration set", ses.create_configuration_set, ConfigurationSet={"Name": "marketing"})


def change(aws):
    ses = aws.client("ses")
    ses.update_template(Template={"TemplateName": "welcome", "SubjectPart": "changed", "TextPart": "changed"})
    ses.delete_identity(Identity="shop@example.test")
    ses.verify_email_identity(EmailAddress="stranger@example.test")
    ses.create_template(Template={"TemplateName": "stranger", "SubjectPart": "x", "TextPart": "x"})
    ses.delete_configuration_set(ConfigurationSetName="marketing")


def observe(aws):
    ses = aws.client("ses")
    templates = [aws.get(ses.get_template, "Template", TemplateName=entry["Name"]) for entry in aws.all(ses, "list_templates", "TemplatesMetadata")]
    return {
        "identities": {kind: sorted(aws.all(ses, "list_identities", "Identities", IdentityType=kind)) for kind in ("EmailAddress", "Domain")},
        "templates": {entry["TemplateName"]: keep(entry, "SubjectPart", "TextPart", "HtmlPart") for entry in templates},
        "configuration sets": sorted(entry["Name"] for entry in (aws.get(ses.list_configuration_sets, "ConfigurationSets") or []))}
