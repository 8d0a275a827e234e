import { type ServerName, type Servers, serversForTest } from "@pyisolate/stack";

/** The servers for tests that follow each other, or why all are to be skipped: what is before them has nothing to skip with. */
export async function serversOrWhyNot<const Name extends ServerName>(
  names: readonly Name[],
): Promise<Servers<Name> | string> {
  let why: string | undefined;
  const skip = (reason = "no servers"): never => {
    why = reason;
    throw new Error(reason);
  };
  try {
    return await serversForTest({ skip }, names);
  } catch (error) {
    if (why === undefined) throw error;
    return why;
  }
}
