import { ServiceConfigurationError } from "../../core/errors.ts";
import { type Position, positionProblem } from "./positions.ts";
import type { StreamResumeOptions } from "./resume-options.ts";

export type PositionReader<Message> = (message: Message, connection: number) => Position | undefined;

/**
 * What `positionOf` says of a message. What it throws, and what is no position, goes to `onError`, and the message is
 * delivered as one without a position: to lose it would be worse.
 */
export function positionReader<Message>(
  service: string,
  positionOf: StreamResumeOptions<Message>["positionOf"],
  onError: (thrown: unknown) => void,
): PositionReader<Message> {
  return (message, connection) => {
    try {
      const position = positionOf(message, { connection });
      const problem = position === undefined ? undefined : positionProblem(position);
      if (problem === undefined) return position;
      throw new ServiceConfigurationError(service, [`resume.positionOf gave what is no position: ${problem}`]);
    } catch (thrown) {
      onError(thrown);
      return undefined;
    }
  };
}
