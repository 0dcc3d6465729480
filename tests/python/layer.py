"""A function and its layer: `make` creates both, `renew` publishes other content as the layer's only version and moves
the function to it, `check` prints the text in the layer that the function names."""

import io
import urllib.request
import zipfile

import common

ROLE = "arn:aws:iam::000000000000:role/layered"


def archive(name, text):
    """A zip file with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, text)
    return out.getvalue()


def publish(aws, text):
    """Publishes a version of the layer; its ARN."""
    content = {"ZipFile": archive("python/tools.txt", text)}
    return aws.publish_layer_version(LayerName="tools", Content=content, CompatibleRuntimes=["python3.12"])["LayerVersionArn"]


def main():
    step = lambda parser: parser.add_argument("step", choices=["make", "renew", "check"])
    options, target = common.arguments(__doc__, step)
    aws = target.client("lambda")
    if options.step == "make":
        code = {"ZipFile": archive("main.py", "def handle(event, context): pass")}
        aws.create_function(FunctionName="layered", Runtime="python3.12", Handler="main.handle", Role=ROLE, Code=code,
                            Layers=[publish(aws, "first")])
    elif options.step == "renew":
        old = aws.list_layer_versions(LayerName="tools")["LayerVersions"][0]["Version"]
        aws.update_function_configuration(FunctionName="layered", Layers=[publish(aws, "second")])
        aws.delete_layer_version(LayerName="tools", VersionNumber=old)
    else:
        layer, = aws.get_function_configuration(FunctionName="layered")["Layers"]
        content = aws.get_layer_version_by_arn(Arn=layer["Arn"])["Content"]["Location"]
        with urllib.request.urlopen(content) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as file:
            print(file.read("python/tools.txt").decode())


main()
