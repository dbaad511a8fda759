export { settled, VirtualClock } from "../../src/core/virtual-clock.ts";
