// Compares what the package exports, subpath by subpath, with the reviewed reports in api/; with --update, writes them.
// One process and one reading of the types for all of them: that reading is most of the work.
import { readdirSync } from "node:fs";
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const configs = readdirSync("api")
  .filter((name) => name.endsWith(".json"))
  .map((name) => ExtractorConfig.loadFileAndPrepare(`api/${name}`));

const compilerState = CompilerState.create(configs[0], {
  additionalEntryPoints: configs.map((config) => config.mainEntryPointFilePath),
});

for (const config of configs) {
  console.log(config.reportFilePath);
  const { succeeded } = Extractor.invoke(config, { compilerState, localBuild: process.argv.includes("--update") });
  if (!succeeded) process.exitCode = 1;
}
