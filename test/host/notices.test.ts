import { expect, test } from "vitest";
import { Notices } from "../../engine/host/notices.ts";

test("notices: the same one is told three times within a minute, and then with how often it came", () => {
  const notices = new Notices();
  const told = Array.from({ length: 500 }, (_, index) => notices.take("It was refused.", index));

  expect(told.filter((text) => text !== null)).toHaveLength(3);
  expect(notices.take("Another was refused.", 500)).toBe("Another was refused.");
  expect(notices.take("It was refused.", 60_000)).toBe("It was refused. So it was 497 times more.");
  expect(notices.take("It was refused.", 60_001)).toBe("It was refused.");
  expect(notices.take("It was refused.", 200_000)).toBe("It was refused.");
});

test("notices: of many different ones the newest are remembered", () => {
  const notices = new Notices();
  for (let index = 0; index < 2_000; index += 1) notices.take(`${index} was refused.`, 0);

  for (let count = 0; count < 2; count += 1) notices.take("1999 was refused.", 1);
  expect(notices.take("1999 was refused.", 1)).toBeNull();
  expect(notices.take("0 was refused.", 1)).toBe("0 was refused.");
});
