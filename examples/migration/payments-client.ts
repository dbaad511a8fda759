/** What all the clients on the migration pages do: they fetch payments and make them. Each has a file for before and after. */
export interface Payment {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
}

/** The two operations, however they are made. */
export interface PaymentsClient {
  /** Undefined where there is no such payment. */
  findPayment(id: string, signal?: AbortSignal): Promise<Payment | undefined>;
  createPayment(amount: number, currency: string): Promise<Payment>;
  listPayments(currency: string): Promise<readonly Payment[]>;
}
