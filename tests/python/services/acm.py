"""ACM: requested certificates."""

import pathlib
import subprocess
import tempfile

from services import one, tags


def self_signed():
    """A certificate and its key, as files."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = pathlib.Path(folder, "certificate"), pathlib.Path(folder, "key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=imported.example.test",
                        "-out", certificate, "-keyout", key], check=True, capture_output=True)
        return certificate.read_bytes(), key.read_bytes()


def seed(aws):
    certificate, key = self_signed()
    aws.step("import", aws.client("acm").import_certificate, Certificate=certificate, PrivateKey=key)
    aws.step("certificate", aws.client("acm").request_certificate, DomainName="shop.example.test", ValidationMethod="DNS",
             SubjectAlternativeNames=["shop.example.test", "www.example.test"], Tags=[{"Key": "team", "Value": "blue"}])


def change(aws):
    acm = aws.client("acm")
    shop = one(acm.list_certificates()["CertificateSummaryList"], DomainName="shop.example.test")["CertificateArn"]
    acm.remove_tags_from_certificate(CertificateArn=shop, Tags=[{"Key": "team", "Value": "blue"}])
    acm.add_tags_to_certificate(CertificateArn=shop, Tags=[{"Key": "extra", "Value": "1"}])
    acm.request_certificate(DomainName="stranger.example.test")


def observe(aws):
    acm, reading = aws.client("acm"), {}
    for entry in aws.all(acm, "list_certificates", "CertificateSummaryList"):
        about = aws.get(acm.describe_certificate, "Certificate", CertificateArn=entry["CertificateArn"])
        if about.get("Type") == "IMPORTED":  # Its key cannot be read back.
            continue
        reading[entry["DomainName"]] = {
            "type": about.get("Type"), "names": sorted(about.get("SubjectAlternativeNames") or []),
            "tags": tags(aws.get(acm.list_tags_for_certificate, "Tags", CertificateArn=entry["CertificateArn"]))}
    return reading
