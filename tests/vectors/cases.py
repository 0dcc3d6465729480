"""The cases of make.py: (service, operation, input), and (service, operation, input, status, headers, body).

Inputs are in podex's JSON: blobs in base64, timestamps in RFC 3339. Timestamps in headers are whole seconds, to which
botocore cuts them; podex keeps the fraction where the format has one.
"""

MOMENT = "2023-11-14T22:13:20Z"
MILLIS = "2023-11-14T22:13:20.123Z"

KEYS = ["plain.txt", "a b+c", "dir/sub//x", "/lead", "tail/", "ü/😀", "q?a=b&c#d%25", "a'()!*@:,;$\"<>\\^`{|}~[]", "...",
        "line\tx", "ctl\u0001x"]

REQUESTS = [
    # awsJson 1.0 with the query-compatible header; blobs, maps, integers.
    ("sqs", "SendMessage", {"QueueUrl": "http://q/1", "MessageBody": "h\u00e9llo <&>", "DelaySeconds": 3, "MessageAttributes": {
        "b": {"DataType": "Binary", "BinaryValue": "AAH/"}, "s": {"DataType": "String", "StringValue": "x"}}}),
    ("sqs", "CreateQueue", {"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}, "tags": {"a": "b"}}),
    ("sqs", "ListQueues", {}),
    ("sqs", "ChangeMessageVisibilityBatch", {"QueueUrl": "u", "Entries": [
        {"Id": "1", "ReceiptHandle": "r", "VisibilityTimeout": 0}]}),
    # Every DynamoDB attribute type.
    ("dynamodb", "PutItem", {"TableName": "table", "Item": {
        "s": {"S": "x"}, "n": {"N": "1.50"}, "b": {"B": "AAE="}, "ss": {"SS": ["a"]}, "ns": {"NS": ["1"]}, "bs": {"BS": ["AA==", "/w=="]},
        "m": {"M": {"k": {"L": [{"NULL": True}, {"BOOL": False}, {"L": []}]}}}}}),
    ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Delete": {"TableName": "table", "Key": {"i": {"S": "1"}}}}]}),
    ("dynamodb", "Scan", {"TableName": "table", "Limit": 2, "ExclusiveStartKey": {"id": {"B": "AAE="}}}),
    ("dynamodbstreams", "GetShardIterator", {"StreamArn": "a" * 40, "ShardId": "s" * 30, "ShardIteratorType": "LATEST"}),
    # awsJson 1.1; idempotency tokens given and made.
    ("secretsmanager", "CreateSecret", {"Name": "s", "SecretBinary": "AAEC", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("secretsmanager", "PutSecretValue", {"SecretId": "s", "SecretString": "x", "ClientRequestToken": "t" * 32,
                                          "VersionStages": ["AWSCURRENT"]}),
    ("ssm", "PutParameter", {"Name": "/a/b", "Value": "v", "Type": "StringList", "Overwrite": True}),
    ("ssm", "GetParametersByPath", {"Path": "/", "Recursive": True, "WithDecryption": False, "MaxResults": 10}),
    ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1700000000123, "message": "m"}]}),
    ("kinesis", "PutRecord", {"StreamName": "s", "Data": "AAECAw==", "PartitionKey": "p"}),
    ("kinesis", "GetShardIterator", {"StreamName": "s", "ShardId": "1", "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": MILLIS}),
    # JSON timestamps as seconds, doubles, and a service whose first protocol is CBOR.
    ("cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": [
        {"MetricName": "m", "Timestamp": MOMENT, "Value": 1.5, "StatisticValues": {"SampleCount": 1.0, "Sum": 2.0, "Minimum": 0.5, "Maximum": 3.25}}]}),
    # query: members, flattened lists, maps, empty lists, booleans.
    ("sns", "CreateTopic", {"Name": "t.fifo", "Attributes": {"DisplayName": "a b", "FifoTopic": "true"}, "Tags": [
        {"Key": "k", "Value": "v&=%"}, {"Key": "k2", "Value": ""}]}),
    ("sns", "Publish", {"TopicArn": "arn", "Message": "m", "MessageAttributes": {"b": {"DataType": "Binary", "BinaryValue": "AAH/"}}}),
    ("sns", "PublishBatch", {"TopicArn": "arn", "PublishBatchRequestEntries": [{"Id": "1", "Message": "x"}, {"Id": "2", "Message": "y"}]}),
    ("sns", "Subscribe", {"TopicArn": "arn", "Protocol": "sqs", "Endpoint": "e", "ReturnSubscriptionArn": True}),
    ("sns", "TagResource", {"ResourceArn": "arn", "Tags": []}),
    ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{\"a\": [\"b c\"]}", "MaxSessionDuration": 3600, "Path": "/a/"}),
    ("iam", "ListUsers", {}),
    ("iam", "CreateOpenIDConnectProvider", {"Url": "https://x", "ClientIDList": ["a", "b"], "ThumbprintList": ["t" * 40]}),
    ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::111111111111:role/podex", "RoleSessionName": "podex", "PolicyArns": [{"arn": "a" * 20}]}),
    # ec2: capitalised names, query names, lists without a member level, tokens.
    ("ec2", "DescribeRegions", {"RegionNames": ["us-east-1", "eu-west-1"], "AllRegions": True, "Filters": [{"Name": "n", "Values": ["v", "w"]}]}),
    ("ec2", "CreateSecurityGroup", {"GroupName": "g", "Description": "d", "VpcId": "v", "TagSpecifications": [
        {"ResourceType": "security-group", "Tags": [{"Key": "k", "Value": "v"}]}]}),
    ("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": "g", "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": [{"GroupId": "x"}]}]}),
    ("ec2", "CreateLaunchTemplate", {"LaunchTemplateName": "tmpl", "LaunchTemplateData": {
        "ImageId": "ami", "BlockDeviceMappings": [{"DeviceName": "d", "Ebs": {"VolumeSize": 8, "Encrypted": False}}],
        "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"ValidUntil": MOMENT}}}}),
    ("ec2", "DescribeTags", {"Filters": []}),
    # rest-json: labels, query lists and booleans, JSON bodies, blob bodies, headers, empty bodies.
    ("lambda", "CreateFunction", {"FunctionName": "f", "Role": "arn:aws:iam::111111111111:role/r", "Code": {"ZipFile": "UEsDBA=="},
                                  "Environment": {"Variables": {"A": "b"}}, "Layers": ["l"], "Publish": True}),
    ("lambda", "GetFunction", {"FunctionName": "arn:aws:lambda:us-east-1:111111111111:function:f", "Qualifier": "$LATEST"}),
    ("lambda", "Invoke", {"FunctionName": "f", "InvocationType": "Event", "ClientContext": "e30=", "Payload": "eyJhIjoxfQ=="}),
    ("lambda", "Invoke", {"FunctionName": "f"}),
    ("lambda", "ListEventSourceMappings", {"FunctionName": "f", "EventSourceArn": "arn:aws:sqs:us-east-1:1:q", "MaxItems": 5}),
    ("lambda", "CreateEventSourceMapping", {"FunctionName": "f", "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": MILLIS}),
    ("lambda", "UntagResource", {"Resource": "arn:aws:lambda:us-east-1:1:function:f", "TagKeys": ["a", "b c"]}),
    ("lambda", "PutFunctionEventInvokeConfig", {"FunctionName": "f", "MaximumRetryAttempts": 0}),
    ("lambda", "PublishVersion", {"FunctionName": "f"}),
    ("lambda", "DeleteFunction", {"FunctionName": "f"}),
    ("apigateway", "PutRestApi", {"restApiId": "i", "mode": "merge", "failOnWarnings": True, "parameters": {"a": "b", "c": "d"}, "body": "e30="}),
    ("apigateway", "ImportRestApi", {"body": "eyJhIjoxfQ==", "parameters": {"basepath": "x y"}}),
    ("apigateway", "GetResources", {"restApiId": "i", "embed": ["methods", "x"], "limit": 2}),
    ("apigateway", "UpdateRestApi", {"restApiId": "i", "patchOperations": [{"op": "replace", "path": "/name", "value": "n"}]}),
    ("apigateway", "TagResource", {"resourceArn": "arn:aws:apigateway:us-east-1::/restapis/i", "tags": {"a": "b"}}),
    ("lex-runtime", "PostContent", {"botName": "b", "botAlias": "a", "userId": "me", "contentType": "text/plain; charset=utf-8",
                                    "sessionAttributes": {"k": ["v", 1]}, "inputStream": "aGk="}),
    ("lex-runtime", "PostText", {"botName": "b", "botAlias": "a", "userId": "me", "inputText": "t", "sessionAttributes": {"k": "v"}}),
    ("iot-data", "Publish", {"topic": "a/b c", "qos": 1, "retain": True, "payload": "AAE=", "messageExpiry": 9}),
    ("glacier", "UploadArchive", {"vaultName": "v", "accountId": "-", "archiveDescription": "d", "body": "AAEC"}),
    ("glacier", "InitiateJob", {"vaultName": "v", "accountId": "-", "jobParameters": {"Type": "inventory-retrieval", "Format": "JSON"}}),
    # rest-xml: path style, escaping, metadata headers, timestamps in headers and queries, XML of every kind.
    *[("s3", "GetObject", {"Bucket": "bucket", "Key": key}) for key in KEYS],
    ("s3", "GetObject", {"Bucket": "bucket", "Key": "k", "IfModifiedSince": MOMENT, "ResponseExpires": MOMENT, "Range": "bytes=0-1",
                         "VersionId": "v+/=", "PartNumber": 2}),
    ("s3", "PutObject", {"Bucket": "bucket", "Key": "k", "Body": "AAEC", "ContentType": "text/plain", "CacheControl": "no-cache",
                         "Metadata": {"a": "b", "c-d": "e f"}, "ObjectLockRetainUntilDate": MOMENT, "BucketKeyEnabled": False,
                         "Tagging": "a=b&c=d"}),
    ("s3", "CopyObject", {"Bucket": "bucket", "Key": "k", "CopySource": "other/key", "MetadataDirective": "REPLACE", "CopySourceIfModifiedSince": MOMENT}),
    ("s3", "CreateBucket", {"Bucket": "bucket", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}),
    ("s3", "CreateBucket", {"Bucket": "bucket"}),
    ("s3", "ListObjectsV2", {"Bucket": "bucket", "Prefix": "a b/ü", "MaxKeys": 7, "FetchOwner": True, "ContinuationToken": "t+/="}),
    ("s3", "ListObjectVersions", {"Bucket": "bucket", "KeyMarker": "k", "VersionIdMarker": "v"}),
    ("s3", "DeleteObjects", {"Bucket": "bucket", "Delete": {"Quiet": True, "Objects": [{"Key": "a<&>\"'"}, {"Key": "x\r\ny ", "VersionId": "v"}]}}),
    ("s3", "PutBucketVersioning", {"Bucket": "bucket", "VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Disabled"}}),
    ("s3", "PutBucketTagging", {"Bucket": "bucket", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}, {"Key": "e", "Value": ""}]}}),
    ("s3", "PutBucketPolicy", {"Bucket": "bucket", "Policy": "{\"a\": \"\u00fc\"}"}),
    ("s3", "PutBucketCors", {"Bucket": "bucket", "CORSConfiguration": {"CORSRules": [
        {"ID": "1", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 3}]}}),
    ("s3", "PutBucketLifecycleConfiguration", {"Bucket": "bucket", "LifecycleConfiguration": {"Rules": [
        {"ID": "r", "Status": "Enabled", "Filter": {"And": {"Prefix": "p", "Tags": [{"Key": "k", "Value": "v"}]}}, "Expiration": {"Date": MOMENT},
         "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]}}),
    ("s3", "PutBucketNotificationConfiguration", {"Bucket": "bucket", "NotificationConfiguration": {
        "QueueConfigurations": [{"QueueArn": "q", "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "p"}]}}}],
        "EventBridgeConfiguration": {}}}),
    ("s3", "PutBucketEncryption", {"Bucket": "bucket", "ServerSideEncryptionConfiguration": {"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]}}),
    ("s3", "PutBucketWebsite", {"Bucket": "bucket", "WebsiteConfiguration": {"IndexDocument": {"Suffix": "i"}, "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "a"}, "Redirect": {"ReplaceKeyPrefixWith": "b"}}]}}),
    ("s3", "PutPublicAccessBlock", {"Bucket": "bucket", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "IgnorePublicAcls": False}}),
    ("s3", "PutObjectAcl", {"Bucket": "bucket", "Key": "k", "AccessControlPolicy": {"Owner": {"ID": "o"}, "Grants": [
        {"Permission": "READ", "Grantee": {"Type": "CanonicalUser", "ID": "i"}}, {"Permission": "READ", "Grantee": {"Type": "Group", "URI": "u"}}]}}),
    ("s3", "CreateMultipartUpload", {"Bucket": "bucket", "Key": "a/b", "ContentEncoding": "gzip"}),
    ("s3", "UploadPart", {"Bucket": "bucket", "Key": "k", "PartNumber": 1, "UploadId": "u", "Body": "AAEC"}),
    ("s3", "CompleteMultipartUpload", {"Bucket": "bucket", "Key": "k", "UploadId": "u", "MultipartUpload": {"Parts": [
        {"ETag": "\"e\"", "PartNumber": 1}, {"ETag": "\"f\"", "PartNumber": 2}]}}),
    ("s3", "GetObjectAttributes", {"Bucket": "bucket", "Key": "k", "ObjectAttributes": ["ETag", "ObjectSize"]}),
    ("s3", "HeadObject", {"Bucket": "bucket", "Key": "k", "VersionId": "null"}),
    ("route53", "ListHostedZones", {"Marker": "m", "MaxItems": "3"}),
    ("route53", "CreateHostedZone", {"Name": "x.example", "CallerReference": "r", "HostedZoneConfig": {"Comment": "c", "PrivateZone": False}}),
    ("route53", "ChangeResourceRecordSets", {"HostedZoneId": "Z1", "ChangeBatch": {"Changes": [
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": "n", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "1.2.3.4"}]}}]}}),
]

JSON = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "r"}
XML = {"content-type": "text/xml"}


def query(operation, inner):
    """The envelope of a query answer."""
    return f'<{operation}Response xmlns="https://x/doc/"><{operation}Result>{inner}</{operation}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>'


FUNCTION = ("lambda", "GetFunction", {"FunctionName": "f"})
BUCKET = {"Bucket": "bucket"}
OBJECT = {"Bucket": "bucket", "Key": "k"}

RESPONSES = [
    # awsJson: unknown members, nulls, blobs, timestamps, empty bodies.
    ("sqs", "ReceiveMessage", {"QueueUrl": "u"}, 200, JSON, '{"Messages":[{"MessageId":"m","Attributes":{"SenderId":"1"},"MessageAttributes":'
     '{"b":{"DataType":"Binary","BinaryValue":"AAH/"},"s":{"DataType":"String","StringValue":"é"}},"Novelty":1,"Body":null}]}'),
    ("sqs", "ListQueues", {}, 200, JSON, "{}"),
    ("sqs", "DeleteQueue", {"QueueUrl": "u"}, 200, JSON, ""),
    ("dynamodb", "GetItem", {"TableName": "table", "Key": {"i": {"S": "1"}}}, 200, JSON,
     '{"Item":{"s":{"S":"x"},"n":{"N":"1.50"},"b":{"B":"AAE="},"bs":{"BS":["AA=="]},"m":{"M":{"l":{"L":[{"NULL":true},{"BOOL":false},{"L":[]}]}}}}}'),
    ("dynamodb", "DescribeTable", {"TableName": "table"}, 200, JSON,
     '{"Table":{"TableName":"t","CreationDateTime":1.700000000123E9,"ItemCount":0,"ProvisionedThroughput":{"LastIncreaseDateTime":1700000000}}}'),
    ("secretsmanager", "GetSecretValue", {"SecretId": "s"}, 200, JSON, '{"SecretBinary":"AAEC","CreatedDate":1700000000.5,"VersionStages":["AWSCURRENT"]}'),
    ("ssm", "GetParameter", {"Name": "p"}, 200, JSON, '{"Parameter":{"Name":"p","Version":3,"LastModifiedDate":"2023-11-14T22:13:20.250Z"}}'),
    ("logs", "DescribeLogGroups", {}, 200, JSON, '{"logGroups":[{"logGroupName":"g","creationTime":1700000000123,"storedBytes":9007199254740993}],"nextToken":"n"}'),
    ("kinesis", "GetRecords", {"ShardIterator": "i"}, 200, JSON, '{"Records":[{"SequenceNumber":"1","Data":"AAEC","PartitionKey":"p","ApproximateArrivalTimestamp":1.7E9}],"MillisBehindLatest":0}'),
    ("cloudwatch", "DescribeAlarms", {}, 200, JSON, '{"MetricAlarms":[{"AlarmName":"a","Threshold":1.5,"StateUpdatedTimestamp":1700000000}],"CompositeAlarms":[]}'),
    # query.
    ("sns", "ListTopics", {}, 200, XML, query("ListTopics", "<Topics><member><TopicArn>a</TopicArn></member><member><TopicArn>b</TopicArn></member></Topics><NextToken>n</NextToken>")),
    ("sns", "ListTopics", {}, 200, XML, query("ListTopics", "<Topics/>")),
    ("sns", "GetTopicAttributes", {"TopicArn": "a"}, 200, XML, query("GetTopicAttributes",
     "<Attributes><entry><key>Policy</key><value>{&quot;a&quot;: &lt;1&gt;}</value></entry><entry><key>DisplayName</key><value/></entry></Attributes>")),
    ("sns", "TagResource", {"ResourceArn": "a", "Tags": []}, 200, XML, query("TagResource", "")),
    ("sns", "DeleteTopic", {"TopicArn": "a"}, 200, XML, '<DeleteTopicResponse xmlns="https://x/"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DeleteTopicResponse>'),
    ("iam", "ListUsers", {}, 200, XML, query("ListUsers", "<IsTruncated>true</IsTruncated><Marker>m</Marker><Users><member><UserName>ü😀</UserName><Path>/</Path>"
     "<CreateDate>2023-11-14T22:13:20Z</CreateDate></member><member><UserName> spaced </UserName><CreateDate>2023-11-14T22:13:20.123456Z</CreateDate></member></Users>")),
    ("iam", "GetAccountSummary", {}, 200, XML, query("GetAccountSummary", "<SummaryMap><entry><key>Users</key><value>3</value></entry></SummaryMap>")),
    ("sts", "GetCallerIdentity", {}, 200, XML, query("GetCallerIdentity", "<Arn>a</Arn><UserId>u</UserId><Account>000000000000</Account>")),
    # ec2.
    ("ec2", "DescribeRegions", {}, 200, XML, '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><regionInfo>'
     "<item><regionName>us-east-1</regionName><regionEndpoint>e</regionEndpoint></item><item><regionName>eu-west-1</regionName></item></regionInfo></DescribeRegionsResponse>"),
    ("ec2", "DescribeSecurityGroups", {}, 200, XML, '<DescribeSecurityGroupsResponse><requestId>r</requestId><securityGroupInfo><item><groupId>g</groupId><ipPermissions><item>'
     "<ipProtocol>tcp</ipProtocol><fromPort>1</fromPort><ipRanges><item><cidrIp>c</cidrIp></item></ipRanges></item></ipPermissions><tagSet/></item></securityGroupInfo></DescribeSecurityGroupsResponse>"),
    # rest-json: headers, status code, blob and structure payloads, numbers in headers.
    (*FUNCTION, 200, JSON, '{"Configuration":{"FunctionName":"f","CodeSize":3,"Environment":{"Variables":{"A":"b"}},"LastModified":"2023-11-14T22:13:20.000+0000"},"Code":{"Location":"http://x"},"Tags":{"a":"b"}}'),
    ("lambda", "Invoke", {"FunctionName": "f"}, 202, {"X-Amz-Function-Error": "Unhandled", "X-Amz-Executed-Version": "$LATEST"}, b"\x00\xff{}"),
    ("lambda", "GetEventSourceMapping", {"UUID": "u"}, 200, JSON, '{"UUID":"u","BatchSize":10,"LastModified":1700000000.25,"StartingPositionTimestamp":1700000000,"FunctionResponseTypes":[]}'),
    ("lambda", "DeleteFunction", {"FunctionName": "f"}, 204, {}, ""),
    ("apigateway", "GetRestApis", {}, 200, JSON, '{"item":[{"id":"i","createdDate":1700000000,"disableExecuteApiEndpoint":false,"binaryMediaTypes":["a"]}],"position":"p"}'),
    ("apigateway", "GetExport", {"restApiId": "i", "stageName": "s", "exportType": "swagger"}, 200, {"Content-Type": "application/json", "Content-Disposition": "x"}, b"\x00{}"),
    ("lex-runtime", "PostContent", {"botName": "b", "botAlias": "a", "userId": "me", "contentType": "text/plain", "inputStream": ""}, 200,
     {"content-type": "audio/mpeg", "x-amz-lex-slots": "eyJhIjpbMV19", "x-amz-lex-intent-name": "n"}, b"\x01\x02"),
    ("iot-data", "GetThingShadow", {"thingName": "t"}, 200, {}, b'{"state":{}}'),
    ("glacier", "UploadArchive", {"vaultName": "v", "accountId": "-", "body": "AA=="}, 201, {"x-amz-archive-id": "i", "x-amz-sha256-tree-hash": "h", "Location": "l"}, ""),
    ("glacier", "ListVaults", {"accountId": "-"}, 200, JSON, '{"VaultList":[{"VaultName":"v","NumberOfArchives":2,"SizeInBytes":3}],"Marker":null}'),
    # rest-xml: flattened lists, attributes, header maps, header timestamps, payloads, encoded keys, a bare root.
    ("s3", "ListBuckets", {}, 200, XML, '<?xml version="1.0"?>\n<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID></Owner><Buckets>'
     "<Bucket><Name>a</Name><CreationDate>2023-11-14T22:13:20.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>"),
    ("s3", "ListObjectsV2", BUCKET, 200, XML, "<ListBucketResult><Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>"
     "<Contents><Key>a%20b%2Bc+d%01</Key><Size>5368709120</Size><ETag>&quot;e&quot;</ETag></Contents><Contents><Key>%C3%BC</Key><Size>0</Size></Contents><CommonPrefixes><Prefix>x%2F</Prefix></CommonPrefixes></ListBucketResult>"),
    ("s3", "ListObjectVersions", BUCKET, 200, XML, "<ListVersionsResult><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType><NextKeyMarker>a%2Bb</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>"
     "<Version><Key>a%2Bb</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><LastModified>2023-11-14T22:13:20Z</LastModified></Version>"
     "<DeleteMarker><Key>d</Key><IsLatest>true</IsLatest></DeleteMarker></ListVersionsResult>"),
    ("s3", "ListObjects", BUCKET, 200, XML, "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a%2B+</Key></Contents></ListBucketResult>"),
    ("s3", "GetBucketLocation", BUCKET, 200, XML, '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>'),
    ("s3", "GetBucketPolicy", BUCKET, 200, {}, '{"Version":"2012-10-17","x":"ü"}'),
    ("s3", "GetBucketTagging", BUCKET, 200, XML, "<Tagging><TagSet><Tag><Key>k</Key><Value/></Tag></TagSet></Tagging>"),
    ("s3", "GetBucketVersioning", BUCKET, 200, XML, "<VersioningConfiguration/>"),
    ("s3", "GetBucketCors", BUCKET, 200, XML, "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*</AllowedOrigin><MaxAgeSeconds>3</MaxAgeSeconds></CORSRule></CORSConfiguration>"),
    ("s3", "GetBucketAcl", BUCKET, 200, XML, '<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">'
     "<ID>i</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"),
    ("s3", "GetBucketNotificationConfiguration", BUCKET, 200, XML, "<NotificationConfiguration><CloudFunctionConfiguration><Id>1</Id><CloudFunction>f</CloudFunction><Event>s3:ObjectCreated:*</Event><Event>x</Event>"
     "<Filter><S3Key><FilterRule><Name>prefix</Name><Value>p</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"),
    ("s3", "GetObject", OBJECT, 200, {"content-length": "3", "content-type": "text/plain", "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT", "etag": '"e"', "x-amz-meta-a": "b", "x-amz-meta-c-d": "e f",
     "x-amz-delete-marker": "false", "x-amz-tagging-count": "2", "x-amz-object-lock-retain-until-date": "2023-11-14T22:13:20.123Z"}, b"\x00\x01\x02"),
    ("s3", "HeadObject", OBJECT, 200, {"content-length": "9", "x-amz-version-id": "v", "x-amz-server-side-encryption-bucket-key-enabled": "true"}, ""),
    ("s3", "PutObject", {**OBJECT, "Body": "AA=="}, 200, {"etag": '"e"', "x-amz-version-id": "v"}, ""),
    ("s3", "DeleteObjects", {**BUCKET, "Delete": {"Objects": [{"Key": "a"}]}}, 200, XML, "<DeleteResult><Deleted><Key>a&amp;&#xD;</Key><DeleteMarker>true</DeleteMarker></Deleted><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>"),
    ("s3", "CompleteMultipartUpload", {**OBJECT, "UploadId": "u"}, 200, {**XML, "x-amz-version-id": "v"}, "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><ETag>&#34;e&#34;</ETag></CompleteMultipartUploadResult>"),
    ("s3", "CopyObject", {**OBJECT, "CopySource": "a/b"}, 200, {**XML, "x-amz-copy-source-version-id": "s"}, "<CopyObjectResult><ETag>e</ETag><LastModified>2023-11-14T22:13:20.000Z</LastModified></CopyObjectResult>"),
    ("route53", "ListHostedZones", {}, 200, XML, "<ListHostedZonesResponse><HostedZones><HostedZone><Id>/hostedzone/Z</Id><Name>n.</Name><CallerReference>c</CallerReference><Config><PrivateZone>false</PrivateZone></Config>"
     "<ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone></HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>"),
    # Errors of every protocol.
    ("sqs", "GetQueueUrl", {"QueueName": "q"}, 400, {**JSON, "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"}, '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no queue"}'),
    ("dynamodb", "DescribeTable", {"TableName": "table"}, 400, JSON, '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","Message":"no table"}'),
    ("ssm", "GetParameter", {"Name": "p"}, 400, JSON, '{"__type":"ParameterNotFound"}'),
    ("kinesis", "ListStreams", {}, 500, JSON, ""),
    ("sns", "GetTopicAttributes", {"TopicArn": "a"}, 404, XML, '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>NotFound</Code><Message>no &lt;topic&gt;</Message></Error><RequestId>r</RequestId></ErrorResponse>'),
    ("iam", "ListUsers", {}, 503, XML, "<html><body>Service Unavailable</body></html>"),
    ("ec2", "DescribeRegions", {}, 400, XML, "<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>bad</Message></Error></Errors><RequestID>r</RequestID></Response>"),
    (*FUNCTION, 404, {**JSON, "x-amzn-errortype": "ResourceNotFoundException:http://x/"}, '{"Type":"User","Message":"no function"}'),
    (*FUNCTION, 400, JSON, '{"code":"InvalidParameterValueException","message":"m"}'),
    (*FUNCTION, 429, JSON, '{"__type":"TooManyRequestsException","message":"slow"}'),
    ("s3", "GetObject", OBJECT, 404, XML, "<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>no key</Message><Key>k</Key><RequestId>r</RequestId><HostId>h</HostId></Error>"),
    ("s3", "HeadObject", OBJECT, 404, {}, ""),
    ("s3", "HeadBucket", BUCKET, 301, {"x-amz-bucket-region": "eu-west-1"}, ""),
    ("s3", "GetObject", OBJECT, 304, {"etag": '"e"'}, ""),
    ("s3", "PutObject", {**OBJECT, "Body": "AA=="}, 412, XML, "<Error><Code>PreconditionFailed</Code><Message>m</Message><Condition>If-None-Match</Condition></Error>"),
    ("route53", "GetHostedZone", {"Id": "Z"}, 404, XML, '<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>'),
]
