/**
 * From a folder of photographs to an answer with the AWS SDK for JavaScript, version 2, which does not read
 * AWS_ENDPOINT_URL. Prints one JSON object. Usage: life_v2.cjs FOLDER BUCKET PROJECT
 */
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const AWS = require("aws-sdk");

async function main(folder, bucket, name) {
  AWS.config.update({ region: process.env.AWS_REGION });
  const endpoint = process.env.ENDPOINT;
  const s3 = new AWS.S3({ endpoint, s3ForcePathStyle: true });
  const client = new AWS.Rekognition({ endpoint });
  await s3.createBucket({ Bucket: bucket }).promise();
  for (const file of readdirSync(folder)) {
    await s3.upload({ Bucket: bucket, Key: file, Body: readFileSync(join(folder, file)) }).promise();
  }
  const { ProjectArn } = await client.createProject({ ProjectName: name }).promise();
  for (const kind of ["train", "test"]) {
    const DatasetSource = { GroundTruthManifest: { S3Object: { Bucket: bucket, Name: `${kind}.manifest` } } };
    const { DatasetArn } = await client
      .createDataset({ ProjectArn, DatasetType: kind.toUpperCase(), DatasetSource })
      .promise();
    for (let status = "CREATE_IN_PROGRESS"; status === "CREATE_IN_PROGRESS"; ) {
      status = (await client.describeDataset({ DatasetArn }).promise()).DatasetDescription.Status;
    }
  }
  const OutputConfig = { S3Bucket: bucket, S3KeyPrefix: "results" };
  const { ProjectVersionArn } = await client
    .createProjectVersion({ ProjectArn, VersionName: "first", OutputConfig })
    .promise();
  const named = { ProjectArn, VersionNames: ["first"] };
  const $waiter = { delay: 1, maxAttempts: 120 };
  await client.waitFor("projectVersionTrainingCompleted", { ...named, $waiter }).promise();
  await client.startProjectVersion({ ProjectVersionArn, MinInferenceUnits: 1 }).promise();
  await client.waitFor("projectVersionRunning", { ...named, $waiter }).promise();
  const [{ Status }] = (await client.describeProjectVersions(named).promise()).ProjectVersionDescriptions;
  const detect = async (Image) =>
    (await client.detectCustomLabels({ ProjectVersionArn, Image, MinConfidence: 0 }).promise()).CustomLabels;
  const labels = await detect({ Bytes: readFileSync(join(folder, "new.png")) });
  const ofObject = await detect({ S3Object: { Bucket: bucket, Name: "new.png" } });
  await client.stopProjectVersion({ ProjectVersionArn }).promise();
  return {
    version: AWS.VERSION,
    status: Status,
    labels: labels.map((label) => label.Name),
    of_object: ofObject.map((label) => label.Name),
  };
}

main(...process.argv.slice(2)).then((result) => console.log(JSON.stringify(result)));
