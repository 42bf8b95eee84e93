/** Pure: a Job with a manager in the cluster to type into. */

import { managerAccount } from './rbac-manifest.ts'
import { yamlText } from './yaml-text.ts'

export interface InteractiveSession {
  readonly namespace: string
  readonly image: string
  /** Whether somebody types into it; else it does what it is sent, line by line, and ends with that. */
  readonly hasTerminal: boolean
}

/** YAML. The permissions of `rbacManifest` have to be there first. */
export function interactiveSessionManifest({ namespace, image, hasTerminal }: InteractiveSession): string {
  return `# An interactive session in the cluster:
#   dialback manifests rbac | kubectl apply -f -
#   dialback manifests interactive-session${hasTerminal ? '' : ' --no-tty'} | kubectl apply -f -
#   kubectl wait --for=jsonpath='{.status.ready}'=1 --timeout=2m job/interactive-session
#   kubectl attach ${hasTerminal ? '-it job/interactive-session' : '-i job/interactive-session < session.ts'}
apiVersion: batch/v1
kind: Job
metadata:
  name: interactive-session
  namespace: ${yamlText(namespace)}
spec:
  # Stop the job from spawning a new pod if the container exits in error.
  backoffLimit: 0
  # Clean up completed jobs automatically after 10 seconds.
  ttlSecondsAfterFinished: 10
  template:
    spec:
      serviceAccountName: ${managerAccount}
      restartPolicy: Never
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: manager
          image: ${yamlText(image)}
          command: [dialback, repl]
          stdin: true
          ${hasTerminal ? 'tty: true' : 'stdinOnce: true'}
          env:
            # In so small a pod V8 gives new objects 1 MiB, and then often stops to look through all that there are.
            - name: NODE_OPTIONS
              value: --max-semi-space-size=8
          resources:
            requests:
              cpu: 1
              memory: 500Mi
            limits:
              memory: 500Mi
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
`
}
