/**
 * From a folder of photographs to an answer with the AWS SDK for JavaScript, version 3. Prints one JSON object.
 * Usage: life_v3.cjs FOLDER BUCKET PROJECT
 */
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const sdk = require("@aws-sdk/client-rekognition");
const { S3Client, CreateBucketCommand, PutObjectCommand } = require("@aws-sdk/client-s3");

async function main(folder, bucket, name) {
  const s3 = new S3Client({ forcePathStyle: true });
  const client = new sdk.RekognitionClient({});
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const file of readdirSync(folder)) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: file, Body: readFileSync(join(folder, file)) }));
  }
  const { ProjectArn } = await client.send(new sdk.CreateProjectCommand({ ProjectName: name }));
  for (const kind of ["train", "test"]) {
    const DatasetSource = { GroundTruthManifest: { S3Object: { Bucket: bucket, Name: `${kind}.manifest` } } };
    const { DatasetArn } = await client.send(
      new sdk.CreateDatasetCommand({ ProjectArn, DatasetType: kind.toUpperCase(), DatasetSource }),
    );
    for (let status = "CREATE_IN_PROGRESS"; status === "CREATE_IN_PROGRESS"; ) {
      status = (await client.send(new sdk.DescribeDatasetCommand({ DatasetArn }))).DatasetDescription.Status;
    }
  }
  const OutputConfig = { S3Bucket: bucket, S3KeyPrefix: "results" };
  const { ProjectVersionArn } = await client.send(
    new sdk.CreateProjectVersionCommand({ ProjectArn, VersionName: "first", OutputConfig }),
  );
  const waiting = { client, minDelay: 1, maxDelay: 2, maxWaitTime: 120 };
  const named = { ProjectArn, VersionNames: ["first"] };
  await sdk.waitUntilProjectVersionTrainingCompleted(waiting, named);
  await client.send(new sdk.StartProjectVersionCommand({ ProjectVersionArn, MinInferenceUnits: 1 }));
  await sdk.waitUntilProjectVersionRunning(waiting, named);
  const [{ Status }] = (await client.send(new sdk.DescribeProjectVersionsCommand(named))).ProjectVersionDescriptions;
  const detect = async (Image) =>
    (await client.send(new sdk.DetectCustomLabelsCommand({ ProjectVersionArn, Image, MinConfidence: 0 }))).CustomLabels;
  const labels = await detect({ Bytes: readFileSync(join(folder, "new.png")) });
  const ofObject = await detect({ S3Object: { Bucket: bucket, Name: "new.png" } });
  await client.send(new sdk.StopProjectVersionCommand({ ProjectVersionArn }));
  return {
    version: require("@aws-sdk/client-rekognition/package.json").version,
    status: Status,
    labels: labels.map((label) => label.Name),
    of_object: ofObject.map((label) => label.Name),
  };
}

main(...process.argv.slice(2)).then((result) => console.log(JSON.stringify(result)));
