/**
 * For `npm run lab -- --settings examples/lab-settings.ts --load 200`: the options that a service would be made with.
 */
import type { LabOptions } from "hawser/lab";

export const options: LabOptions = {
  deadlineMs: 3_000,
  attemptTimeoutMs: 500,
  retry: { maxRetries: 1 },
  concurrency: { limit: 20 },
};
