/** Calls that are signed in several ways, one of them wrongly. Prints one JSON object. Usage: access.cjs BUCKET KEY */
const { createReadStream, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { RekognitionClient, DescribeProjectsCommand } = require("@aws-sdk/client-rekognition");
const { S3Client, GetObjectCommand, PutObjectCommand } = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { errorOf } = require("./errors.cjs");

async function main(bucket, key) {
  const s3 = new S3Client({ forcePathStyle: true, maxAttempts: 1 });
  const file = join(tmpdir(), `access-${process.pid}.bin`);
  writeFileSync(file, "x".repeat(100_000));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: createReadStream(file), ContentLength: 100_000 }));
  const stored = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: 60 });
  const upload = await getSignedUrl(s3, new PutObjectCommand({ Bucket: bucket, Key: `${key}-2` }), { expiresIn: 60 });
  const wrong = { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: "not-the-secret" };
  const described = await new RekognitionClient({ maxAttempts: 1 }).send(new DescribeProjectsCommand({}));
  return {
    length: (await stored.Body.transformToByteArray()).length,
    presigned: (await fetch(url)).status,
    altered: (await fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))).status,
    uploaded: (await fetch(upload, { method: "PUT", body: "text" })).status,
    projects: described.ProjectDescriptions.length,
    errors: {
      rekognition: await errorOf(
        new RekognitionClient({ maxAttempts: 1, credentials: wrong }).send(new DescribeProjectsCommand({})),
      ),
      s3: await errorOf(
        new S3Client({ forcePathStyle: true, maxAttempts: 1, credentials: wrong }).send(
          new GetObjectCommand({ Bucket: bucket, Key: key }),
        ),
      ),
    },
  };
}

main(...process.argv.slice(2)).then((result) => console.log(JSON.stringify(result)));
