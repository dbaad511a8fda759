/** One thing that a stream carries, until it is taken back. */
export interface Subscription extends AsyncDisposable {
  /** What it was asked for by. */
  readonly key: string;
  /**
   * Takes it back, removes its handler and forgets its position; resolves when that was sent, or at once while there is
   * no connection. Doing it again changes nothing.
   */
  unsubscribe(): Promise<void>;
}
