import type { Running } from "./run.ts";

/** What is printed when all is up. Each `curl` line works as it stands. */
export function welcome({ sandbox, url, moved }: Running): string {
  const { gateway, notifications, feed, controlUrl } = sandbox;
  const notes = moved.map((note) => `  ${note}\n`).join("");
  return `
  storefront         ${url}
  payment gateway    ${gateway.url}
  notifications      ${notifications.url}
  price feed         ${feed.url}/stream
${notes === "" ? "" : `\n${notes}`}
  Open ${url}/ to see the three services live. Or try:

    curl ${url}/health
    curl -H 'content-type: application/json' -d '{"amount":12.5,"currency":"EUR"}' ${url}/payments
    curl -N '${url}/prices/stream?ticks=5'

  Let the next four attempts be charged and never answered, pay again, and look at the ledger; then mend all:

    curl -d '{"kind":"reset-after-read","method":"POST","times":4}' ${controlUrl}/gateway/__faults
    curl ${controlUrl}/gateway/__ledger
    curl -X DELETE ${controlUrl}/gateway/__faults

  All faults are in sandbox/README.md. Ctrl-C ends it.
`;
}
