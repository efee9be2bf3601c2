// A session of the Node.js client: the same as session.py. What is to last is put into `state`; `rows` is answered.
import { createInterface } from "node:readline";

const AsyncFunction = (async () => {}).constructor;
const state = {};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const program = new AsyncFunction("state", `${JSON.parse(line)}\nreturn rows;`);
    answer = { rows: await program(state) };
  } catch (error) {
    answer = { error: String(error.stack ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
