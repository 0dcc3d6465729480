"""Secrets of every kind that podex knows: `make` creates them, `change` changes one, `own` sets one as somebody else
would, `read` prints their values."""

import io
import zipfile

import common

ROLE = "arn:aws:iam::000000000000:role/pay"


def archive():
    """A function's code."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(zipfile.ZipInfo("pay.py"), "def handler(event, context):\n    return event\n")
    return out.getvalue()


def make(secrets, ssm, functions):
    secrets.create_secret(Name="shop/db", Description="made to be seen", SecretString="hunter2-of-the-database")
    ssm.put_parameter(Name="/shop/token", Type="SecureString", Value="hunter2-of-a-parameter")
    ssm.put_parameter(Name="/shop/greeting", Type="String", Value="made to be seen")
    variables = {"API_KEY": "hunter2-in-the-environment", "TABLE": "made to be seen"}
    functions.create_function(FunctionName="pay", Runtime="python3.12", Handler="pay.handler", Role=ROLE,
                              Environment={"Variables": variables}, Code={"ZipFile": archive()})


def read(secrets, ssm, functions):
    print(secrets.describe_secret(SecretId="shop/db")["Description"])
    try:
        print(secrets.get_secret_value(SecretId="shop/db").get("SecretString"))
    except secrets.exceptions.ResourceNotFoundException:
        # So say others where there is none.
        print(None)
    for parameter in ssm.get_parameters(Names=["/shop/token", "/shop/greeting"], WithDecryption=True)["Parameters"]:
        print(parameter["Name"], parameter["Value"])
    print(functions.get_function_configuration(FunctionName="pay")["Environment"]["Variables"])


def main():
    step = lambda parser: parser.add_argument("step", choices=["make", "change", "own", "read"])
    options, target = common.arguments(__doc__, step)
    secrets, ssm, functions = (target.client(service) for service in ["secretsmanager", "ssm", "lambda"])
    if options.step == "make":
        make(secrets, ssm, functions)
    elif options.step == "change":
        variables = {"API_KEY": "hunter2-changed-since", "TABLE": "made to be seen"}
        functions.update_function_configuration(FunctionName="pay", Environment={"Variables": variables})
    elif options.step == "own":
        secrets.put_secret_value(SecretId="shop/db", SecretString="hers-and-hers-alone")
    else:
        read(secrets, ssm, functions)


if __name__ == "__main__":
    main()
