import type { HttpService } from "@nestjs/axios";
import { AxiosError } from "axios";
import { catchError, firstValueFrom, map, of, retry, throwError, timer } from "rxjs";
import type { Payment, PaymentsClient } from "./payments-client.ts";

const isTransient = (error: unknown): boolean =>
  error instanceof AxiosError && (error.response === undefined || error.response.status >= 500);

// In the application it is @Injectable(), and HttpModule.register({ baseURL, timeout, headers }) provides its HttpService.
export class PaymentsService implements PaymentsClient {
  readonly #http: HttpService;

  constructor(http: HttpService) {
    this.#http = http;
  }

  findPayment(id: string): Promise<Payment | undefined> {
    return firstValueFrom(
      this.#http.get<Payment>(`/payments/${encodeURIComponent(id)}`).pipe(
        retry({
          count: 3,
          delay: (error, attempt) => (isTransient(error) ? timer(100 * 2 ** attempt) : throwError(() => error)),
        }),
        map(({ data }): Payment | undefined => data),
        catchError((error: unknown) =>
          error instanceof AxiosError && error.response?.status === 404 ? of(undefined) : throwError(() => error),
        ),
      ),
    );
  }

  createPayment(amount: number, currency: string): Promise<Payment> {
    return firstValueFrom(this.#http.post<Payment>("/payments", { amount, currency }).pipe(map(({ data }) => data)));
  }

  listPayments(currency: string): Promise<readonly Payment[]> {
    return firstValueFrom(
      this.#http.get<Payment[]>("/payments", { params: { currency } }).pipe(map(({ data }) => data)),
    );
  }
}
