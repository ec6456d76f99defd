/**
 * Train, start, use and stop a version of a project that has its datasets. Prints one JSON object.
 * Usage: model.cjs PROJECT_ARN BUCKET IMAGE_FILE
 */
const { readFileSync } = require("node:fs");
const sdk = require("@aws-sdk/client-rekognition");
const { errorOf } = require("./errors.cjs");

async function main(projectArn, bucket, imageFile) {
  const client = new sdk.RekognitionClient({ maxAttempts: 1 });
  const waiting = { client, minDelay: 1, maxDelay: 2, maxWaitTime: 120 };
  const named = { ProjectArn: projectArn, VersionNames: ["first"] };
  const { ProjectVersionArn } = await client.send(
    new sdk.CreateProjectVersionCommand({
      ProjectArn: projectArn,
      VersionName: "first",
      OutputConfig: { S3Bucket: bucket, S3KeyPrefix: "results" },
    }),
  );
  const image = { Bytes: readFileSync(imageFile) };
  const detect = (parameters) => client.send(new sdk.DetectCustomLabelsCommand({ ProjectVersionArn, Image: image, ...parameters }));
  const notReady = await errorOf(detect());
  const trained = await sdk.waitUntilProjectVersionTrainingCompleted(waiting, named);
  const [description] = (await client.send(new sdk.DescribeProjectVersionsCommand(named))).ProjectVersionDescriptions;
  await client.send(new sdk.StartProjectVersionCommand({ ProjectVersionArn, MinInferenceUnits: 1 }));
  const running = await sdk.waitUntilProjectVersionRunning(waiting, named);
  const labels = (await detect({ MinConfidence: 0 })).CustomLabels;
  const first = (await detect({ MinConfidence: 0, MaxResults: 1 })).CustomLabels;
  const badImage = await errorOf(detect({ Image: { Bytes: new Uint8Array([1, 2, 3]) } }));
  const tooLarge = await errorOf(detect({ Image: { Bytes: new Uint8Array(5242881) } }));
  const stopped = await client.send(new sdk.StopProjectVersionCommand({ ProjectVersionArn }));
  return {
    arn: ProjectVersionArn,
    trained: trained.state,
    running: running.state,
    description,
    labels,
    first,
    stopped: stopped.Status,
    errors: { notReady, badImage, tooLarge },
  };
}

main(...process.argv.slice(2)).then((result) => console.log(JSON.stringify(result)));
