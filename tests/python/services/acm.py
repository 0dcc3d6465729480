"""ACM: requested certificates."""

from services import tags


def seed(aws):
    aws.step("certificate", aws.client("acm").request_certificate, DomainName="shop.example.test", ValidationMethod="DNS",
             SubjectAlternativeNames=["shop.example.test", "www.example.test"], Tags=[{"Key": "team", "Value": "blue"}])


def observe(aws):
    acm, reading = aws.client("acm"), {}
    for entry in aws.all(acm, "list_certificates", "CertificateSummaryList"):
        about = aws.get(acm.describe_certificate, "Certificate", CertificateArn=entry["CertificateArn"])
        reading[entry["DomainName"]] = {
            "type": about.get("Type"), "names": sorted(about.get("SubjectAlternativeNames") or []),
            "tags": tags(aws.get(acm.list_tags_for_certificate, "Tags", CertificateArn=entry["CertificateArn"]))}
    return reading
