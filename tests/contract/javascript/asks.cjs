/** Calls of several callers, each with keys of its own. Prints the error's name of each, "" for none. Usage: asks.cjs FILE */
const { readFileSync } = require("node:fs");
const rekognition = require("@aws-sdk/client-rekognition");
const s3 = require("@aws-sdk/client-s3");

const made = new Map();

function clientOf(service, credentials) {
  const name = `${service} ${credentials.accessKeyId}`;
  if (!made.has(name)) {
    const options = { maxAttempts: 1, credentials };
    made.set(
      name,
      service === "s3"
        ? new s3.S3Client({ ...options, forcePathStyle: true })
        : new rekognition.RekognitionClient(options),
    );
  }
  return made.get(name);
}

async function main(file) {
  const codes = [];
  for (const ask of JSON.parse(readFileSync(file, "utf8"))) {
    const commands = ask.service === "s3" ? s3 : rekognition;
    const command = new commands[`${ask.operation}Command`](ask.parameters);
    try {
      const answer = await clientOf(ask.service, ask.credentials).send(command);
      if (answer.Body) await answer.Body.transformToByteArray();
      codes.push("");
    } catch (error) {
      codes.push(error.name);
    }
  }
  return codes;
}

main(...process.argv.slice(2)).then((codes) => console.log(JSON.stringify(codes)));
