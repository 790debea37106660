// How pytest and a script speak: what is given comes as JSON in the first argument, what is told goes out as JSON.
export const given = JSON.parse(process.argv[2]);

export const tell = (told) => process.stdout.write(JSON.stringify(told));
