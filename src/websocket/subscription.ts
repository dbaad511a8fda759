/** One thing that a stream carries, until it is taken back. */
export interface Subscription extends AsyncDisposable {
  readonly key: string;
  /** Takes it back, and removes its handler; resolves when that was sent, or at once while there is no connection. */
  unsubscribe(): Promise<void>;
}
