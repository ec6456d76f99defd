/** The template of a CDK application with a project. Prints it as JSON. Usage: synthesise.cjs PROJECT */
const { App, CfnOutput, DefaultStackSynthesizer, Stack } = require("aws-cdk-lib");
const { CfnProject } = require("aws-cdk-lib/aws-rekognition");

const app = new App({ analyticsReporting: false });
const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false });
const stack = new Stack(app, "labels", { synthesizer });
const project = new CfnProject(stack, "Project", {
  projectName: process.argv[2],
  tags: [{ key: "team", value: "vision" }],
});
new CfnOutput(stack, "ProjectArn", { value: project.attrArn });
new CfnOutput(stack, "ProjectName", { value: project.ref });
console.log(JSON.stringify({ template: app.synth().getStackByName("labels").template }));
