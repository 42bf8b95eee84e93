import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

test.runIf(process.platform === 'linux')(
  'local workers dial by a Unix socket, which leaves nothing behind',
  async () => {
    await using started = await startCluster(1)
    const handles = await started.cluster.remoteCallFetch(() => process.getActiveResourcesInfo(), 2)
    expect(handles).toContain('PipeWrap')
    expect(handles).not.toContain('TCPSocketWrap')
  },
)
