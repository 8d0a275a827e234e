import { expect, test } from "vitest";

import { startHost } from "../testing/hosts.ts";

test.each(["require", "off"])(
  "a cell has its host's time zone, though a confined one may not read the file that says it: kernel %s",
  async (kernel) => {
    const program = `
      const supervisor = new Supervisor({
        policy: { version: 1, name: "p", rules: [] }, pool: 0, kernel: ${JSON.stringify(kernel)},
      });
      const cell = await supervisor.spawn("zone");
      say({ zone: await cell.exec("[new Date(2026, 0, 1, 12).getTimezoneOffset(), String(new Date(0)).slice(16, 33)]") });
      await supervisor.close();
    `;
    using host = startHost(program, { wrap: ["/usr/bin/env", "TZ=Asia/Kolkata"] });
    expect(await host.heard("zone")).toEqual([-330, "05:30:00 GMT+0530"]);
  },
);
