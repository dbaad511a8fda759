import { describeFrameworkExample } from "./framework-contract.ts";

describeFrameworkExample(["examples/fastify/start.ts"]);
