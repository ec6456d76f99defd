/** Code that starts a model, analyses an image with it and stops it, at the emulator that served the page. */
export interface CodeBlocks {
  start: string;
  analyze: string;
  stop: string;
}

interface Place {
  arn: string;
  projectArn: string;
  versionName: string;
  region: string;
  endpoint: string;
}

/** Commands as the guide prints them (C-23), with the endpoint. */
export function cliCode({ arn, region, endpoint }: Place): CodeBlocks {
  const call = (command: string, ...rest: string[]) =>
    [`aws rekognition ${command}`, `--project-version-arn "${arn}"`, ...rest, `--region ${region}`, `--endpoint-url ${endpoint}`].join(
      " \\\n  ",
    );
  return {
    start: call("start-project-version", "--min-inference-units 1"),
    analyze: call("detect-custom-labels", `--image '{"S3Object": {"Bucket": "MY_BUCKET", "Name": "PATH_TO_MY_IMAGE"}}'`),
    stop: call("stop-project-version"),
  };
}

export function pythonCode({ arn, projectArn, versionName, region, endpoint }: Place): CodeBlocks {
  const client = `import boto3

rekognition = boto3.client("rekognition", region_name="${region}", endpoint_url="${endpoint}")
arn = "${arn}"
`;
  return {
    start: `${client}
rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
rekognition.get_waiter("project_version_running").wait(ProjectArn="${projectArn}", VersionNames=["${versionName}"])
`,
    analyze: `${client}
image = {"S3Object": {"Bucket": "MY_BUCKET", "Name": "PATH_TO_MY_IMAGE"}}
for label in rekognition.detect_custom_labels(ProjectVersionArn=arn, Image=image)["CustomLabels"]:
    print(label["Name"], label["Confidence"], label.get("Geometry"))
`,
    stop: `${client}
print(rekognition.stop_project_version(ProjectVersionArn=arn)["Status"])
`,
  };
}

export function javascriptCode({ arn, region, endpoint }: Place): CodeBlocks {
  const client = (command: string) => `import { ${command}, RekognitionClient } from "@aws-sdk/client-rekognition";

const rekognition = new RekognitionClient({ region: "${region}", endpoint: "${endpoint}" });
const ProjectVersionArn = "${arn}";
`;
  return {
    start: `${client("StartProjectVersionCommand")}
await rekognition.send(new StartProjectVersionCommand({ ProjectVersionArn, MinInferenceUnits: 1 }));
`,
    analyze: `${client("DetectCustomLabelsCommand")}
const Image = { S3Object: { Bucket: "MY_BUCKET", Name: "PATH_TO_MY_IMAGE" } };
const { CustomLabels } = await rekognition.send(new DetectCustomLabelsCommand({ ProjectVersionArn, Image }));
console.log(CustomLabels);
`,
    stop: `${client("StopProjectVersionCommand")}
const { Status } = await rekognition.send(new StopProjectVersionCommand({ ProjectVersionArn }));
console.log(Status);
`,
  };
}
