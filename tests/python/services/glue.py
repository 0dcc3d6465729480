"""The data catalog: a database with a table, a job and a crawler; a work group with a query over them."""

SERVICES = ["glue", "athena"]


def seed(aws):
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "sales", "Description": "what was sold", "LocationUri": "s3://sales/"})
    glue.create_table(DatabaseName="sales", TableInput={
        "Name": "orders", "TableType": "EXTERNAL_TABLE", "Parameters": {"classification": "json"}, "PartitionKeys": [{"Name": "day", "Type": "string"}],
        "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "int"}], "Location": "s3://sales/orders/"}})
    glue.create_job(Name="clean", Role=f"arn:aws:iam::{aws.account}:role/glue", Command={"Name": "glueetl", "ScriptLocation": "s3://sales/clean.py"},
                    DefaultArguments={"--day": "today"}, MaxRetries=1, Tags={"team": "data"})
    glue.create_crawler(Name="find", Role=f"arn:aws:iam::{aws.account}:role/glue", DatabaseName="sales", Targets={"S3Targets": [{"Path": "s3://sales/"}]})
    athena = aws.client("athena")
    athena.create_work_group(Name="analysts", Description="they ask", Configuration={"ResultConfiguration": {"OutputLocation": "s3://sales/results/"}})
    athena.create_named_query(Name="all", Database="sales", QueryString="SELECT * FROM orders", WorkGroup="analysts", Description="all of it")


def change(aws):
    glue, athena = aws.client("glue"), aws.client("athena")
    glue.update_database(Name="sales", DatabaseInput={"Name": "sales", "Description": "changed"})
    glue.delete_table(DatabaseName="sales", Name="orders")
    glue.delete_crawler(Name="find")
    glue.create_database(DatabaseInput={"Name": "stranger"})
    athena.update_work_group(WorkGroup="analysts", Description="changed")
    athena.create_work_group(Name="stranger")


def observe(aws):
    glue, athena = aws.client("glue"), aws.client("athena")
    said = {}
    for database in glue.get_databases()["DatabaseList"]:
        tables = {}
        for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
            tables[table["Name"]] = [table.get("TableType"), table.get("Parameters"), table.get("PartitionKeys"), table["StorageDescriptor"]["Columns"], table["StorageDescriptor"]["Location"]]
        said[database["Name"]] = [database.get("Description"), database.get("LocationUri"), tables]
    for job in glue.get_jobs()["Jobs"]:
        tags = glue.get_tags(ResourceArn=f"arn:aws:glue:us-east-1:{aws.account}:job/{job['Name']}")["Tags"]
        said["job " + job["Name"]] = [job["Role"], job["Command"]["ScriptLocation"], job.get("DefaultArguments"), job.get("MaxRetries"), tags]
    for crawler in glue.get_crawlers()["Crawlers"]:
        said["crawler " + crawler["Name"]] = [crawler["Role"], crawler.get("DatabaseName"), [target["Path"] for target in crawler["Targets"]["S3Targets"]]]
    for group in athena.list_work_groups()["WorkGroups"]:
        found = athena.get_work_group(WorkGroup=group["Name"])["WorkGroup"]
        queries = {}
        for query in athena.list_named_queries(WorkGroup=group["Name"])["NamedQueryIds"]:
            one = athena.get_named_query(NamedQueryId=query)["NamedQuery"]
            queries[one["Name"]] = [one.get("Description"), one["Database"], one["QueryString"]]
        said["group " + group["Name"]] = [found.get("Description"), found.get("Configuration", {}).get("ResultConfiguration"), queries]
    return said
