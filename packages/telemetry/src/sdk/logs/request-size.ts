/** Most requests that must be taken before the bound grows again, however often growing has failed. */
const LONGEST_WAIT = 256;

/**
 * Bounds the bytes of one request. There is no bound until a request is put off again and again; then half of it is the bound. A
 * request that is taken doubles the bound. A growth that fails doubles how many must be taken before the next growth.
 */
export class RequestSize {
  #most = Number.POSITIVE_INFINITY;
  /** The largest that was taken, as far as that still holds. */
  #good = 0;
  /** The bound has grown, and nothing as large has been taken yet. */
  #grown = false;
  #needed = 1;
  #taken = 0;

  isTooLarge(bytes: number): boolean {
    return bytes > this.#most;
  }

  /** Whether as much was taken before: if it is put off now, that is not for its size. */
  wasTaken(bytes: number): boolean {
    return bytes <= this.#good;
  }

  taken(bytes: number): void {
    if (this.#grown && bytes > this.#good) {
      this.#grown = false;
      this.#needed = 1;
    }
    this.#good = Math.max(this.#good, bytes);
    this.#taken += 1;
    if (this.#most === Number.POSITIVE_INFINITY || this.#taken < this.#needed) return;
    this.#taken = 0;
    this.#grown = true;
    this.#most = Math.max(this.#most, this.#good) * 2;
  }

  putOff(bytes: number): void {
    if (this.#grown) this.#needed = Math.min(this.#needed * 2, LONGEST_WAIT);
    this.#grown = false;
    this.#taken = 0;
    this.#most = Math.min(this.#most, bytes / 2);
    this.#good = Math.min(this.#good, this.#most);
  }
}
