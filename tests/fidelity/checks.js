// One line for each check; a failed one, or a script that stops before its end, makes the exit code 1.
'use strict';

process.exitCode = 1;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${String(error && error.message ? error.message : error).replace(/\s+/g, ' ')}`);
  }
}

/** Runs a script's checks, in which `await` works. */
function script(body) {
  body().then(
    () => {
      process.exitCode = failed ? 1 : 0;
    },
    (error) => console.log(`FAIL the script ended early: ${error.stack}`),
  );
}

/** What `body` throws; throws itself when it does not. */
async function refusal(body) {
  let result;
  try {
    result = await body();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was refused: ${JSON.stringify(result)}`);
}

/** A hook on the simulators' control port. */
async function control(method, path, body) {
  const response = await fetch(new URL(`control/${path}`, process.env.FIDELITY_CONTROL), {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`control ${path}: ${response.status} ${await response.text()}`);
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

/** The requests a service received so far. */
async function journal(service) {
  return (await control('GET', `journal?service=${service}`)).entries;
}

module.exports = { check, script, refusal, control, journal };
