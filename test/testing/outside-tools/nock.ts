import nock from "nock";
import { calledService } from "./called-service.ts";

const { baseUrl, ask, done } = await calledService();
nock(baseUrl).get("/x").reply(200, "mocked");
nock("https://api.test").get("/x").reply(200, "secure");
const plain = await ask();
const secure = await ask({ baseUrl: "https://api.test" });
nock.restore();
done(plain, secure, await ask());
