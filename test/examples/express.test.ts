import { describeFrameworkExample } from "./framework-contract.ts";

describeFrameworkExample(["examples/express/start.ts"]);
