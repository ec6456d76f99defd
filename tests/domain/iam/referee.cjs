/** Decides the cases of a JSON file with @cloud-copilot/iam-simulate and prints whether each is allowed. Usage: referee.cjs FOLDER FILE */
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const [folder, file] = process.argv.slice(2);
const base = join(folder, "@cloud-copilot", "iam-simulate", "dist", "cjs");
const { authorize } = require(join(base, "core_engine", "CoreSimulatorEngine.js"));
const { DiscoveryContextKeyConstraints } = require(join(base, "context_keys", "discoveryContextKeyConstraints.js"));
const { AwsRequestImpl } = require(join(base, "request", "request.js"));
const { RequestContextImpl } = require(join(base, "requestContext.js"));
const { loadPolicy } = createRequire(join(base, "index.js"))("@cloud-copilot/iam-policy");

const load = (documents, name) => documents.map((document, number) => loadPolicy(document, { name: name + number }));

const decided = JSON.parse(readFileSync(file, "utf8")).map((one) => {
  const where = { resource: one.resource, accountId: one.owner };
  const { result } = authorize({
    request: new AwsRequestImpl(one.principal, where, one.action, new RequestContextImpl(one.context)),
    sessionPolicy: one.session ? load(one.session, "session")[0] : undefined,
    identityPolicies: load(one.identity, "identity"),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: load(one.policies, "resource")[0],
    permissionBoundaries: one.boundary ? load(one.boundary, "boundary") : undefined,
    vpcEndpointPolicies: undefined,
    simulationParameters: {
      simulationMode: "Strict",
      discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]),
    },
    serviceSettings: { s3: {} },
  });
  return result === "Allowed";
});
console.log(JSON.stringify(decided));
