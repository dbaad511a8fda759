import { calledService } from "./called-service.ts";

const { baseUrl, service, done } = await calledService();
await using one = await service();
const before = (await one.get("/x")).text();
const { default: nock } = await import("nock");
nock(baseUrl).get("/x").reply(200, "mocked");
const after = (await one.get("/x")).text();
nock.restore();
done(before, after);
