import { MockAgent, setGlobalDispatcher } from "undici";
import { calledService } from "./called-service.ts";

const { baseUrl, ask, done } = await calledService();
const agent = new MockAgent();
agent.disableNetConnect();
agent.get(baseUrl).intercept({ path: "/x" }).reply(200, "mocked").times(3);
setGlobalDispatcher(agent);
const fetched = await (await fetch(`${baseUrl}/x`)).text();
done(await ask({ dispatcher: agent }), await ask(), fetched);
