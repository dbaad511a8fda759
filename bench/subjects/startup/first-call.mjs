// What a program does that makes one call: each loads its client, and has a function that goes from there to the JSON.
const clients = {
  "undici.request": async (url) => {
    const { request } = await import("undici");
    return async () => (await request(url)).body.json();
  },
  hawser: async (url) => {
    const { RESTService } = await import("hawser");
    const { origin, pathname } = new URL(url);
    return async () => (await new RESTService({ name: "payments", baseUrl: origin }).connect()).getJson(pathname);
  },
  "hawser+registry": async (url) => {
    const { defineServices, rest, silentLogger } = await import("hawser");
    const { origin, pathname } = new URL(url);
    return async () => {
      const definitions = { payments: rest() };
      const services = defineServices(definitions, { env: { PAYMENTS_URL: origin }, logger: silentLogger });
      await services.start();
      return services.get("payments").getJson(pathname);
    };
  },
  fetch: async (url) => async () => (await fetch(url)).json(),
  got: async (url) => {
    const { default: got } = await import("got");
    return () => got(url).json();
  },
  ky: async (url) => {
    const { default: ky } = await import("ky");
    return () => ky(url).json();
  },
  axios: async (url) => {
    const { default: axios } = await import("axios");
    return async () => (await axios.get(url)).data;
  },
};

/** From nothing to the first answer. */
export async function work(client, url) {
  const call = await clients[client](url);
  const loadedAt = performance.now();
  return { loadedAt, answer: await call() };
}
