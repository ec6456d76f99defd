// The AWS SDK for JavaScript with its default configuration against the S3 of ENDPOINT; prints what it saw as JSON.
const { Readable } = require("node:stream");
const { createHash, randomBytes } = require("node:crypto");
const {
  S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command,
  DeleteObjectsCommand, CopyObjectCommand, PutBucketVersioningCommand, ListObjectVersionsCommand,
  GetObjectTaggingCommand, PutBucketCorsCommand, GetBucketCorsCommand, GetBucketAclCommand, GetBucketLocationCommand,
} = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const [endpoint, account, bucket] = process.argv.slice(2);
const client = new S3Client({
  endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1,
  credentials: { accessKeyId: account, secretAccessKey: "secret" },
});
const send = (Command, input) => client.send(new Command({ Bucket: bucket, ...input }));
const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");
const body = async (key, more) => Buffer.from(await (await send(GetObjectCommand, { Key: key, ...more })).Body.transformToByteArray());
const failure = async (promise) => promise.then(() => "no error", (error) => error.name);

async function main() {
  const seen = {};
  await send(CreateBucketCommand, {});
  seen.location = (await send(GetBucketLocationCommand, {})).LocationConstraint ?? null;

  const keys = ["plain", "with space", "ä/日本", "a+b%20c&d=e?f#g", "one//two", "/leading", "../up", "quote'\"<>"];
  for (const key of keys) await send(PutObjectCommand, { Key: key, Body: key });
  seen.keys = [];
  for (const key of keys) seen.keys.push((await body(key)).toString() === key);
  seen.listed = (await send(ListObjectsV2Command, {})).Contents.map((found) => found.Key).sort().join() === [...keys].sort().join();

  const large = randomBytes(3_000_000);
  const stream = Readable.from((function* () { for (let at = 0; at < large.length; at += 70_000) yield large.subarray(at, at + 70_000); })());
  const put = await send(PutObjectCommand, { Key: "stream", Body: stream, ContentLength: large.length, ContentType: "image/png" });
  seen.streamChecksum = Boolean(put.ChecksumCRC32);
  seen.stream = sha(await body("stream")) === sha(large);
  seen.algorithms = [];
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
    const again = Readable.from([large.subarray(0, 1_000_000), large.subarray(1_000_000)]);
    await send(PutObjectCommand, { Key: ChecksumAlgorithm, Body: again, ContentLength: large.length, ChecksumAlgorithm });
    const head = await send(HeadObjectCommand, { Key: ChecksumAlgorithm, ChecksumMode: "ENABLED" });
    seen.algorithms.push(Boolean(head[`Checksum${ChecksumAlgorithm}`]) && sha(await body(ChecksumAlgorithm)) === sha(large));
  }
  seen.range = sha(await body("stream", { Range: "bytes=10-19" })) === sha(large.subarray(10, 20));

  const huge = randomBytes(11_000_000);
  const upload = new Upload({ client, params: { Bucket: bucket, Key: "huge", Body: Readable.from([huge.subarray(0, 4e6), huge.subarray(4e6)]) } });
  await upload.done();
  seen.multipart = sha(await body("huge")) === sha(huge);

  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: "a+b%20c&d=e?f#g" }), { expiresIn: 60 });
  seen.presignedGet = await (await fetch(url)).text();
  const putUrl = await getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: "signed put" }), { expiresIn: 60 });
  seen.presignedPut = (await fetch(putUrl, { method: "PUT", body: "from fetch" })).status;
  seen.presignedBody = (await body("signed put")).toString();

  await send(CopyObjectCommand, { Key: "copy", CopySource: encodeURIComponent(`${bucket}/ä/日本`) });
  seen.copy = (await body("copy")).toString();
  await send(PutObjectCommand, { Key: "tagged", Body: "x", Tagging: "a=1", Metadata: { name: "value" } });
  seen.tags = (await send(GetObjectTaggingCommand, { Key: "tagged" })).TagSet;
  seen.metadata = (await send(HeadObjectCommand, { Key: "tagged" })).Metadata;

  const CORSRules = [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }];
  await send(PutBucketCorsCommand, { CORSConfiguration: { CORSRules } });
  seen.cors = (await send(GetBucketCorsCommand, {})).CORSRules;
  seen.owner = (await send(GetBucketAclCommand, {})).Owner.ID.length;

  seen.errors = [
    await failure(send(GetObjectCommand, { Key: "missing" })),
    await failure(send(HeadObjectCommand, { Key: "missing" })),
    await failure(client.send(new ListObjectsV2Command({ Bucket: "not-there-at-all" }))),
    await failure(send(PutObjectCommand, { Key: "plain", Body: "x", IfNoneMatch: "*" })),
    await failure(send(PutObjectCommand, { Key: "wrong", Body: "x", ChecksumSHA256: "A".repeat(43) + "=" })),
  ];

  await send(PutBucketVersioningCommand, { VersioningConfiguration: { Status: "Enabled" } });
  for (const text of ["one", "two"]) await send(PutObjectCommand, { Key: "versions", Body: text });
  const versions = (await send(ListObjectVersionsCommand, { Prefix: "versions" })).Versions;
  seen.versions = [];
  for (const version of versions) seen.versions.push((await body("versions", { VersionId: version.VersionId })).toString());
  const deleted = await send(DeleteObjectsCommand, { Delete: { Objects: keys.map((Key) => ({ Key })) } });
  seen.deleted = deleted.Deleted.length === keys.length;
  console.log(JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
