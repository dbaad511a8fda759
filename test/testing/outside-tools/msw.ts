import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { calledService } from "./called-service.ts";

const { baseUrl, ask, done } = await calledService();
const worker = setupServer(http.get(`${baseUrl}/x`, () => HttpResponse.text("mocked")));
worker.listen();
const fetched = await (await fetch(`${baseUrl}/x`)).text();
const own = await ask();
worker.close();
done(own, fetched);
