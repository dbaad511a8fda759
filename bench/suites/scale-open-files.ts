import { report } from "node:process";

// What a process has open beside its connections.
const others = 100;

/**
 * @param connections - that will be open at the same time.
 * @throws Error where the system does not allow as many; Node has raised the soft limit to the hard one by itself.
 */
export function assertOpenFiles(connections: number): void {
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | "unlimited" } } };
  const soft = userLimits?.open_files?.soft;
  const wanted = connections + others;
  if (typeof soft === "number" && soft < wanted) {
    throw new Error(
      `${connections} connections need ${wanted} open files, and this process may have ${soft}: run it where \`ulimit -Hn\` is ${wanted} at least`,
    );
  }
}
