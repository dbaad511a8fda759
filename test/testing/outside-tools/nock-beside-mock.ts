import nock from "nock";
import { mockTransport } from "../../../src/testing/index.ts";
import { calledService } from "./called-service.ts";

const { ask, done } = await calledService();
nock.disableNetConnect();
const mock = mockTransport();
mock.on("GET", "/x").reply(200, "own");
done(await ask({ dispatcher: mock }));
