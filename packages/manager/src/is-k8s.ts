/** Whether this process runs in a pod: by the environment that Kubernetes gives each. */
export function isK8s(): boolean {
  return (
    process.env['KUBERNETES_SERVICE_HOST'] !== undefined &&
    process.env['KUBERNETES_SERVICE_PORT'] !== undefined
  )
}
