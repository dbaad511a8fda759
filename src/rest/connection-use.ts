/** What a connection has done so far. One for each client of the pool: it has one connection at a time. */
export interface ConnectionUse {
  /** Answers that came whole on the connection that it has now. */
  answers: number;
}

/** Who wants to know on which connection its request goes out. */
export interface ConnectionWitness {
  use: ConnectionUse | undefined;
}
