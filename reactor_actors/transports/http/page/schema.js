// What a model can be told: its OpenAPI document, read into commands and fields. Pure.

const FILE = "reactor-upload-reference";
const STEPS = 200;

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} hint
 * @property {"slider"|"number"|"choice"|"switch"|"text"|"file"|"json"} kind
 * @property {boolean} required whether a command without it is refused
 * @property {boolean} nullable
 * @property {any} fallback its default
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [step]
 * @property {any[]} [options]
 * @property {string} [items] the type of what a list holds
 *
 * @typedef {object} Command
 * @property {string} name
 * @property {string} summary
 * @property {Field[]} fields
 */

/** Return the commands of a model. @returns {Command[]} */
export function commandsOf(document) {
  return Object.values(document.paths ?? {}).map(({ post }) => {
    const body = post.requestBody?.content?.["application/json"]?.schema ?? {};
    const required = body.required ?? [];
    const fields = Object.entries(body.properties ?? {}).map(([name, schema]) =>
      fieldOf(name, schema, required.includes(name), document),
    );
    return { name: post.operationId, summary: post.summary ?? "", fields };
  });
}

/** Say whether a command sets one live parameter. */
export function isSetter({ name, fields }) {
  return fields.length === 1 && name === `set_${fields[0].name}`;
}

function fieldOf(name, schema, required, document) {
  const options = schema.anyOf ?? [schema];
  const nullable = options.some((option) => option.type === "null");
  const real = options.filter((option) => option.type !== "null");
  const inner = real.length === 1 ? resolved(real[0], document) : {};
  const field = {
    name,
    hint: schema.description ?? inner.description ?? "",
    required,
    nullable,
    fallback: schema.default,
    ...limits(inner),
  };
  field.kind = kindOf(inner, field);
  return field;
}

function resolved(schema, document) {
  const name = /^#\/components\/schemas\/([^/]+)$/.exec(schema.$ref ?? "")?.[1];
  return name ? { ...document.components?.schemas?.[name], ...schema } : schema;
}

function limits(schema) {
  const whole = schema.type === "integer";
  const number = whole || schema.type === "number";
  const minimum = schema.minimum ?? schema.exclusiveMinimum;
  const maximum = schema.maximum ?? schema.exclusiveMaximum;
  return {
    minimum: number ? minimum : undefined,
    maximum: number ? maximum : undefined,
    step: number ? (schema.multipleOf ?? (whole ? 1 : stepOf(minimum, maximum))) : undefined,
    options: schema.enum ?? ("const" in schema ? [schema.const] : undefined),
    items: schema.type === "array" ? (schema.items?.type ?? "any") : undefined,
  };
}

function kindOf(schema, { minimum, maximum, options, nullable }) {
  if (schema.format === FILE) return "file";
  if (options) return "choice";
  if (schema.type === "boolean") return "switch";
  if (schema.type === "integer" || schema.type === "number") {
    const bounded = Number.isFinite(minimum) && Number.isFinite(maximum) && maximum > minimum;
    return bounded && !nullable ? "slider" : "number";
  }
  return schema.type === "string" ? "text" : "json";
}

/** Return a round step that divides a range into about two hundred. */
function stepOf(minimum, maximum) {
  const rough = (maximum - minimum) / STEPS;
  if (!(rough > 0) || !Number.isFinite(rough)) return undefined;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [5, 2, 1].find((candidate) => candidate * power <= rough * 1.0001);
  return Number((factor * power).toPrecision(1));
}
