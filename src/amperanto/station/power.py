"""E17, B13. Loss of power and restarts in the middle of everything: what a station remembers, and what goes on.

Without power nothing is noticed and nothing told; the contactors are open. What a station keeps in its memory survives:
the queue, its variables, the local list, reservations, being out of service, and its transactions. Who was authorised
and had no transaction yet is forgotten, and so is the CSMS's acceptance.

A transaction goes on afterwards (2.1) when ResumptionTimeout is not over, or the restart was meant so
(ImmediateAndResume): TxResumed, and energy again if AllowEnergyTransferResumption says so, after a random delay of
EnergyTransferResumptionRandomRange at most. Otherwise it ended when the power went: AbnormalCondition, with PowerLoss
or Reboot.
"""

from __future__ import annotations

from datetime import datetime

from amperanto.station.block import Block
from amperanto.station.evse import Evse, Transaction
from amperanto.station.provisioning import Provisioning
from amperanto.station.transactions import Cause, Transactions

HOLD = "resumption"
RESUMED = Cause(trigger="TxResumed")


class Power(Block):
    """The supply of a station."""

    def __init__(self, transactions: Transactions, provisioning: Provisioning) -> None:
        super().__init__(transactions.context, transactions.line)
        self._transactions = transactions
        self._provisioning = provisioning
        self._lost_at: tuple[float, datetime] = (0.0, self.context.now())
        provisioning.resumes = self.restart_and_resume

    def lose(self) -> None:
        """The power goes, without a word to anybody."""
        context = self.context
        if context.dark:
            return
        for evse in context.evses.values():
            evse.settle()
        context.dark = True
        for evse in context.evses.values():
            evse.outlet.contactor.switch(False)
            if evse.transaction is None:
                evse.token = evse.remote_start = evse.group = None
        self._lost_at = context.clock.monotonic(), context.now()
        context.note("power-lost")
        self.line.power_off()

    def restore(self, *, boot: str = "PowerUp", reason: str = "PowerLoss", foreseen: bool = False) -> None:
        """The power is back: the station boots, for the 2.x reason `boot`; what cannot go on ended for `reason`."""
        context = self.context
        if not context.dark:
            return
        context.dark = False
        context.note("power-back")
        self._provisioning.restarted(boot)
        away = context.clock.monotonic() - self._lost_at[0]
        for evse in context.evses.values():
            transaction = evse.transaction
            if transaction is None:
                evse.finishing = evse.finishing and evse.plugged
                self._transactions.changed(evse, Cause(trigger="CablePluggedIn"))
            elif foreseen or (context.habits.resumes_transactions and away <= self._timeout):
                self._resume(evse, transaction)
            else:
                cause = Cause(trigger="AbnormalCondition", reason=reason, at=self._lost_at[1], ago=away)
                self._transactions.end(evse, cause)
        self.line.power_on()

    async def reboot(self, seconds: float, *, boot: str = "Watchdog", reason: str = "Reboot") -> None:
        """Restart without a reason anybody gave, as after a crash; it takes so many seconds."""
        self.lose()
        await self.context.clock.sleep(seconds)
        self.restore(boot=boot, reason=reason)

    async def restart_and_resume(self, seconds: float) -> None:
        """B13: tell each transaction, restart, and go on with them."""
        for evse in self._transactions.running():
            self._transactions.changed(evse, Cause(trigger="ResetCommand"))
        await self._provisioning.last_words()
        self.lose()
        await self.context.clock.sleep(seconds)
        self.restore(boot="RemoteReset", reason="ImmediateReset", foreseen=True)

    @property
    def _timeout(self) -> int:
        """ResumptionTimeout; -1 where there is none."""
        seconds = self.context.variables.number("TxCtrlr", "ResumptionTimeout")
        return seconds if seconds > 0 else -1

    def _resume(self, evse: Evse, transaction: Transaction) -> None:
        """Go on: told first, then what is different from before."""
        wait = self.context.random.uniform(0, self._random_range) if self._random_range else 0.0
        if not self._gives_energy or wait:
            evse.holds.add(HOLD)
        self._transactions.resumed(evse, RESUMED)
        if not evse.plugged and "EVConnected" in evse.conditions:
            self._transactions.unplugged(evse)
        else:
            self._transactions.follow(evse)
        if self._gives_energy and wait:
            self.context.spawn(self._give_energy(evse, transaction, wait))

    async def _give_energy(self, evse: Evse, transaction: Transaction, wait: float) -> None:
        await self.context.clock.sleep(wait)
        if evse.transaction is transaction and HOLD in evse.holds:
            evse.holds.discard(HOLD)
            self._transactions.follow(evse)

    @property
    def _gives_energy(self) -> bool:
        return self.context.variables.flag("TxCtrlr", "AllowEnergyTransferResumption")

    @property
    def _random_range(self) -> int:
        return self.context.variables.number("TxCtrlr", "EnergyTransferResumptionRandomRange")
