"""KMS: keys with policies, tags, rotation, aliases and grants."""

import json
import os

from services import keep, one, tags


def policy(aws, sid):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}, "Action": "kms:*", "Resource": "*"}]})


def seed(aws):
    kms, step = aws.client("kms"), aws.step
    key = step("key", kms.create_key, Description="orders", Policy=policy(aws, "Orders"),
               Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]["KeyId"]
    step("rotation", kms.enable_key_rotation, KeyId=key)
    step("alias", kms.create_alias, AliasName="alias/orders", TargetKeyId=key)
    step("second alias", kms.create_alias, AliasName="alias/orders-too", TargetKeyId=key)
    step("grant", kms.create_grant, KeyId=key, Name="readers", GranteePrincipal=f"arn:aws:iam::{aws.account}:role/reader",
         Operations=["Decrypt", "Encrypt"])
    signing = step("signing key", kms.create_key, Description="signing", KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    if signing:
        step("disabled", kms.disable_key, KeyId=signing["KeyMetadata"]["KeyId"])
    twin = step("twin", kms.create_key, Description="orders")
    for team in ("red", "green", "amber"):  # Nothing but a tag tells them apart.
        step(f"{team} key", kms.create_key, Description="shared", Tags=[{"TagKey": "team", "TagValue": team}])
    step("twin alias", kms.create_alias, AliasName="alias/twin", TargetKeyId=twin["KeyMetadata"]["KeyId"])


def change(aws):
    kms = aws.client("kms")
    orders = one(kms.list_aliases()["Aliases"], AliasName="alias/orders")["TargetKeyId"]
    kms.update_key_description(KeyId=orders, Description="changed")
    kms.disable_key_rotation(KeyId=orders)
    kms.delete_alias(AliasName="alias/orders-too")
    kms.put_key_policy(KeyId=orders, PolicyName="default", Policy=policy(aws, "Changed"))
    kms.revoke_grant(KeyId=orders, GrantId=kms.list_grants(KeyId=orders)["Grants"][0]["GrantId"])
    stranger = kms.create_key(Description="stranger")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/stranger", TargetKeyId=stranger)


def observe(aws):
    kms, reading = aws.client("kms"), []
    aliases = aws.all(kms, "list_aliases", "Aliases")
    for entry in aws.all(kms, "list_keys", "Keys"):
        key = entry["KeyId"]
        about = aws.get(kms.describe_key, "KeyMetadata", KeyId=key)
        if about.get("KeyManager") == "AWS" or about.get("KeyState") == "PendingDeletion":
            continue
        reading.append({
            "about": keep(about, "Description", "KeyUsage", "KeySpec", "KeyState", "MultiRegion", "Origin"),
            # LocalStack gives a key the id it had.
            "id": key if os.environ["PODEX_TEST_EMULATOR"] == "localstack" else None,
            "aliases": sorted(alias["AliasName"] for alias in aliases if alias.get("TargetKeyId") == key),
            "policy": json.loads(aws.get(kms.get_key_policy, "Policy", KeyId=key, PolicyName="default") or "null"),
            "rotation": aws.get(kms.get_key_rotation_status, "KeyRotationEnabled", KeyId=key)
            if about.get("KeyUsage") == "ENCRYPT_DECRYPT" else None,
            # The tag by which LocalStack is told the id stays on the key.
            "tags": {name: value for name, value in tags(aws.all(kms, "list_resource_tags", "Tags", KeyId=key), "TagKey", "TagValue").items()
                     if name != "_custom_id_"},
            "grants": [keep(grant, "Name", "GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints")
                       for grant in aws.all(kms, "list_grants", "Grants", KeyId=key)],
        })
    return sorted(reading, key=lambda key: (key["about"].get("Description", ""), key["aliases"], str(key["tags"])))
