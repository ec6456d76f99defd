/** Create and list projects, and collect the errors of wrong calls. Prints one JSON object. Usage: projects.cjs PREFIX */
const sdk = require("@aws-sdk/client-rekognition");
const { errorOf } = require("./errors.cjs");

async function main(prefix) {
  const client = new sdk.RekognitionClient({ maxAttempts: 1 });
  const projectArns = [];
  for (const number of [1, 2, 3, 4, 5]) {
    const { ProjectArn } = await client.send(new sdk.CreateProjectCommand({ ProjectName: `${prefix}-${number}` }));
    projectArns.push(ProjectArn);
  }
  const described = await client.send(new sdk.DescribeProjectsCommand({ ProjectNames: [`${prefix}-1`] }));
  const pages = [];
  for await (const page of sdk.paginateDescribeProjects({ client, pageSize: 2 }, {})) {
    pages.push(page.ProjectDescriptions.map((project) => project.ProjectArn));
  }
  const unknownArn = projectArns[0].replace(`${prefix}-1`, "unknown");
  const errors = {
    duplicate: await errorOf(client.send(new sdk.CreateProjectCommand({ ProjectName: `${prefix}-1` }))),
    notFound: await errorOf(client.send(new sdk.DeleteProjectCommand({ ProjectArn: unknownArn }))),
    pattern: await errorOf(client.send(new sdk.CreateProjectCommand({ ProjectName: "white space" }))),
    missing: await errorOf(client.send(new sdk.CreateProjectCommand({}))),
    tooMany: await errorOf(client.send(new sdk.DescribeProjectsCommand({ MaxResults: 101 }))),
    token: await errorOf(client.send(new sdk.DescribeProjectsCommand({ NextToken: "made-up" }))),
  };
  const [project] = described.ProjectDescriptions;
  return {
    projectArns,
    pages,
    errors,
    project,
    creationIsDate: project.CreationTimestamp instanceof Date,
    creationMilliseconds: project.CreationTimestamp.getTime(),
  };
}

main(process.argv[2]).then((result) => console.log(JSON.stringify(result)));
