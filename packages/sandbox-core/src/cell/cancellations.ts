/** The asynchronous operations that a guest may end before they are done, by the number of the guest's call. */
export class Cancellations {
  readonly #controllers = new Map<number, AbortController>();

  /** Must be followed by {@link end} when the operation is over. */
  begin(guestCall: number): AbortSignal {
    const controller = new AbortController();
    this.#controllers.set(guestCall, controller);
    return controller.signal;
  }

  end(guestCall: number): void {
    this.#controllers.delete(guestCall);
  }

  /** Ends the operation. Does nothing for one that is over or cannot be ended. */
  cancel(guestCall: number): void {
    this.#controllers.get(guestCall)?.abort();
  }
}
