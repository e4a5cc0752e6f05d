// Told objects of Prometheus' operator as JSON: answers what is wrong with each. The types know every field (what is not in
// them is refused), the validators every pattern.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [folder, told] = process.argv.slice(2);
const objects = JSON.parse(told);
const models = path.join(folder, "node_modules/@kubernetes-models/prometheus-operator");
const v1 = await import(pathToFileURL(path.join(models, "monitoring.coreos.com/v1/index.js")));
const ts = createRequire(path.join(folder, "package.json"))("typescript");

const complaints = [];
for (const object of objects) {
    try {
        new v1[object.kind](object).validate();
    } catch (error) {
        complaints.push(`${object.kind}: ${error.message}`);
    }
}

const file = path.join(folder, "objects.ts");
const lines = objects.map((object, at) => `export const o${at}: operator.I${object.kind} = ${JSON.stringify(object)};`);
const source = `import type * as operator from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";\n${lines.join("\n")}\n`;
const options = { strict: true, noEmit: true, skipLibCheck: true, types: [], module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
const host = ts.createCompilerHost(options);
const { readFile, fileExists, getSourceFile } = host;
host.readFile = (name) => (name === file ? source : readFile(name));
host.fileExists = (name) => name === file || fileExists(name);
host.getSourceFile = (name, version, ...rest) =>
    name === file ? ts.createSourceFile(name, source, version) : getSourceFile(name, version, ...rest);
const program = ts.createProgram([file], options, host);
for (const fault of ts.getPreEmitDiagnostics(program)) {
    complaints.push(ts.flattenDiagnosticMessageText(fault.messageText, " "));
}
console.log(JSON.stringify(complaints));
