export const text = {
  title: 'Admin',
  version: (version: number, at: string, by: string) =>
    `Version ${version}, published ${new Date(at).toLocaleString()} by ${by}`,
}
