import { describeFrameworkExample } from "./framework-contract.ts";

describeFrameworkExample(["examples/hono/start.ts"]);
