// The public API of every entry point, against the reports in api/; `--local` writes them anew. One program for all, for
// nearly all the time of a report goes into the types that they share.
import { readdirSync } from "node:fs";
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const configs = readdirSync("api")
  .filter((name) => name.endsWith(".json"))
  .map((name) => ExtractorConfig.loadFileAndPrepare(`api/${name}`));
const [first, ...others] = configs;
const compilerState = CompilerState.create(first, {
  additionalEntryPoints: others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});
const localBuild = process.argv.includes("--local");

for (const config of configs) {
  const result = Extractor.invoke(config, { compilerState, localBuild });
  if (result.succeeded) continue;
  console.error(`${config.reportFilePath}: ${result.apiReportChanged ? "the API has changed" : "failed"}`);
  process.exitCode = 1;
}
