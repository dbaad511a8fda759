/** What a connection has done so far. One for each client of the pool: it has one connection at a time. */
export interface ConnectionUse {
  /** Answers that came whole on the connection that it has now. */
  answers: number;
  /** The request that it took is over. To be called once for each, and not while undici is telling of an error. */
  free(): void;
}

/** Who wants to know on which connection its request goes out, and says when it is over. */
export interface ConnectionWitness {
  use: ConnectionUse | undefined;
  /** It was given up: where it has no connection yet, it needs none. */
  readonly isOver: boolean;
}
