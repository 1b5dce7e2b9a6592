"""What people read, in Chinese and English: one sentence per step, reason, remark and verdict.

Codes are the interface (`report`); these sentences may improve at any time. A test holds the tables complete.
"""

from __future__ import annotations

from typing import Final, Literal

from verifier_cli.report import Outcome, Step, Verdict

__all__ = [
    "ADVICE",
    "CAUTIONS",
    "REASONS",
    "REMARKS",
    "Language",
    "Sentence",
    "language_from",
    "printable",
    "say",
]

Language = Literal["en", "zh"]
Sentence = tuple[str, str]
"""English, Chinese."""

CAUTIONS: Final[dict[Verdict, Sentence]] = {
    Verdict.VALID_WITH_REMARKS: ("Please note: ", "请注意："),
    Verdict.NOT_VALID: ("Do not rely on this record.", "请勿采信该记录。"),
    Verdict.UNDECIDED: ("This says nothing against the record.", "这并不表示记录有问题。"),
}

VERDICT_WORDS: Final[dict[Verdict, Sentence]] = {
    Verdict.VALID: ("VALID", "有效"),
    Verdict.VALID_WITH_REMARKS: ("VALID WITH REMARKS", "有效（有说明）"),
    Verdict.NOT_VALID: ("NOT VALID", "无效"),
    Verdict.UNDECIDED: ("UNDECIDED", "无法判定"),
}

OUTCOMES: Final[dict[Outcome, Sentence]] = {
    Outcome.PASSED: ("ok", "通过"),
    Outcome.FAILED: ("FAILED", "未通过"),
    Outcome.NOT_CHECKED: ("not checked", "未检查"),
}

STEPS: Final[dict[Step, Sentence]] = {
    Step.PARSE: ("The file is a well-formed proof file", "文件是格式正确的证明文件"),
    Step.SCHEMA: ("The record has a known type and complete contents", "记录类型已知，内容完整合规"),
    Step.SIGNATURES: ("Issuer and every countersigner signed exactly this", "签发方与全部会签方均已签名"),
    Step.INCLUSION: ("The record has its place in the anchored batch", "记录在上链批次中的位置正确"),
    Step.ANCHOR: ("The chain holds this very batch of the issuer", "链上存有签发方的这一批次"),
    Step.FINALITY: ("The chain was read fresh and cannot be rolled back", "链上数据新鲜且已最终确定"),
    Step.AUTHORITY: ("The signers were entitled to say this at that time", "签署方当时具有相应资格"),
    Step.STATUS: ("The record is neither revoked nor suspended", "记录未被撤销或暂停"),
    Step.LINEAGE: ("The records that it builds on hold as well", "其依据的各项记录同样成立"),
}

REASONS: Final[dict[str, Sentence]] = {
    "earlier_step": ("an earlier step did not pass", "前面的步骤未通过"),
    "not_requested": ("not asked for", "未要求"),
    # 1-3: the file
    "profile": ("not JSON in the allowed form", "不是允许格式的 JSON"),
    "proof_file": ("not a proof file", "不是证明文件"),
    "unknown_version": ("a newer file version: update the verifier", "文件版本较新，请更新验证程序"),
    "schema": ("the contents break the rules of this record type", "内容不符合该类记录的规定"),
    "unknown_schema": ("a newer record type: update the verifier", "记录类型较新，请更新验证程序"),
    "signature": ("a signature is wrong, missing or one too many", "签名错误、缺失或多余"),
    # 4-5: the batch
    "inclusion": ("the inclusion path does not fit the batch", "包含路径与批次不符"),
    "unknown_deployment": ("your trust file does not name this chain", "信任文件未列出该链"),
    "anchor_differs": ("anchor and record name different chains", "锚定信息与记录所指的链不同"),
    "root_differs": ("the anchored batch does not contain this record", "已上链的批次不包含该记录"),
    "unknown_format": ("a newer batch format: update the verifier", "批次格式较新，请更新验证程序"),
    "not_anchored": ("the chain does not show this batch (yet)", "链上（尚）无该批次"),
    # 6: reading the chain
    "not_final": ("anchored, but not final yet: wait a little", "已上链但尚未最终确定，请稍候"),
    "unresolved": ("the node's host name is not known", "无法解析节点主机名"),
    "refused": ("the node refused the connection", "节点拒绝连接"),
    "reset": ("the node broke the connection off", "节点中断了连接"),
    "timeout": ("the node did not answer in time", "节点未在时限内应答"),
    "http_status": ("the node answered with an HTTP error", "节点返回 HTTP 错误"),
    "too_large": ("the node's answer is too large", "节点的应答过大"),
    "garbled": ("the node's answer makes no sense", "节点的应答无法理解"),
    "rpc_error": ("the node reported an error", "节点报告错误"),
    "wrong_chain_id": ("the node serves another chain", "节点服务于另一条链"),
    "wrong_genesis": ("the node's chain has another origin", "节点的链创世区块不同"),
    "wrong_code": ("the contracts are not the pinned ones", "合约代码与信任文件不符"),
    "no_code": ("there is no contract at the pinned address", "指定地址上没有合约"),
    "inconsistent": ("the node contradicts itself", "节点应答自相矛盾"),
    "head_too_old": ("the node is behind or its chain has stopped", "节点落后或链已停止"),
    "head_in_future": ("the newest block lies in the future: check the clock", "最新区块在未来，请检查时钟"),
    "disagree": ("the nodes contradict each other", "各节点应答不一致"),
    "no_endpoint": ("too few nodes are named", "指定的节点过少"),
    "frozen": ("this chain has ended; use its final snapshot", "该链已终止，请使用其最终快照"),
    "snapshot_too_old": ("the snapshot is too old", "快照过旧"),
    "snapshot_other_deployment": ("the snapshot is of another deployment", "快照属于其他部署"),
    "snapshot_not_final_one": ("not the final snapshot that is pinned", "不是信任文件指定的最终快照"),
    "not_covered": ("the snapshot does not cover this organisation", "快照未涵盖该机构"),
    # 7: authority
    "not_accredited": ("a signer was not accredited at that time", "签署方当时未获认可"),
    "kind_not_accredited": ("a signer was not accredited for such records", "签署方无权签署此类记录"),
    "role_missing": ("a signer did not hold the role it signed in", "签署方不具备其签署身份"),
    "path_broken": ("the accreditation path does not reach the top", "认可链不完整"),
    "accreditor_ended": ("an accreditor's own accreditation had ended", "上级认可机构当时已失去资格"),
    "cannot_delegate": ("an accreditor could not delegate such records", "上级认可机构无权转授此类记录"),
    "distrusted": ("an organisation on the path is distrusted", "认可链上的机构已被撤销信任"),
    "root_not_trusted": ("your trust file does not name the top accreditor", "信任文件未列出顶级认可机构"),
    "root_kind": ("your trust file limits the kinds of this root", "信任文件限制了该根机构的记录种类"),
    "root_depth": ("your trust file limits the path length", "信任文件限制了认可链长度"),
    "key_unknown": ("the signing key is not the signer's", "签名密钥不属于该签署方"),
    "key_not_yet_active": ("the signing key was not active yet", "签名密钥当时尚未启用"),
    "key_ended": ("the signing key had ended", "签名密钥当时已停用"),
    "key_compromised": ("the signing key was compromised", "签名密钥当时已泄露"),
    "account_unknown": ("the anchoring account is not the issuer's", "上链账户不属于签发方"),
    "account_not_yet_active": ("the anchoring account was not active yet", "上链账户当时尚未启用"),
    "account_ended": ("the anchoring account had ended", "上链账户当时已停用"),
    "account_compromised": ("the anchoring account was compromised", "上链账户当时已泄露"),
    "account_scope": ("the account was not allowed to anchor", "该账户无权上链"),
    "kind_not_in_batch": ("the batch was not anchored for such records", "该批次不含此类记录"),
    "created_after_anchor": ("signed after it was anchored", "签名时间晚于上链时间"),
    # 8: status
    "revoked": ("the issuer has revoked it", "已被签发方撤销"),
    "suspended": ("the issuer has suspended it", "已被签发方暂停"),
    # 9: lineage
    "missing": ("a linked record was not given", "缺少所引用的记录"),
    "link_not_allowed": (
        "a record of this kind or issuer cannot be cited so",
        "此类型或此签发机构的记录不能这样被引用",
    ),
    "no_access": ("the place of the linked records wants a key", "所引用记录的来源需要密钥"),
    "digest_differs": ("a linked record is not the one that was meant", "所引用的记录与原件不符"),
    "too_many": (
        "more than 10,000 linked records or 100,000 links: the rest was not looked at",
        "引用的记录超过 10,000 份或引用超过 100,000 条，其余未检查",
    ),
    "too_deep": (
        "links go deeper than 32 levels: what lies below was not looked at",
        "引用层级超过 32 层，更深处未检查",
    ),
    "withheld": ("withheld by its keeper: not looked at", "由保管方保留，未披露，未检查"),
    "ancestor_not_valid": ("a linked record is not valid", "所引用的记录无效"),
    "ancestor_undecided": ("a linked record could not be checked", "所引用的记录无法检查"),
    "ancestor_revoked": ("a linked record was revoked", "所引用的记录已被撤销"),
    "ancestor_suspended": ("a linked record is suspended", "所引用的记录已被暂停"),
    "ancestor_remarks": ("a linked record has remarks", "所引用的记录有说明"),
    # mutual recognition: why an equivalent is not confirmed
    "agreement_missing": ("the agreement behind it was not given", "缺少其依据的互认协议"),
    "agreement_withheld": ("the agreement behind it is withheld", "其依据的互认协议未披露"),
    "agreement_digest_differs": (
        "the agreement at hand is not the one that was meant",
        "现有协议与所引用的协议不符",
    ),
    "agreement_not_recognition": (
        "what it names is no agreement on mutual recognition",
        "所引用的不是互认协议",
    ),
    "agreement_not_valid": ("the agreement is not valid", "互认协议无效"),
    "agreement_revoked": ("the agreement was revoked", "互认协议已被撤销"),
    "agreement_suspended": ("the agreement is suspended", "互认协议已被暂停"),
    "agreement_undecided": ("the agreement could not be checked", "互认协议无法检查"),
    "agreement_not_signed": ("not every party signed the agreement", "互认协议未由各方全部签署"),
    "agreement_not_in_force": (
        "the agreement was not in force when the credential began",
        "证书生效时互认协议不在有效期内",
    ),
    "agreement_ended": (
        "the agreement had ended when the credential began",
        "证书生效时互认协议已终止",
    ),
    "agreement_superseded": (
        "a newer agreement had replaced it, or its date is unknown",
        "互认协议已被更新的协议取代，或更新日期不明",
    ),
    "not_listed": (
        "the agreement does not list it for this standard and level",
        "互认协议未就该标准和等级列出此项",
    ),
    "standard_unknown": (
        "the standard that the credential awards was not given or does not hold",
        "缺少证书所依据的标准，或该标准不成立",
    ),
}

REMARKS: Final[dict[str, Sentence]] = {
    "expired": ("it has expired", "已过有效期"),
    "not_yet_valid": ("its validity has not begun", "尚未到生效日期"),
    "superseded": ("a newer record replaces it", "已有更新的记录取代"),
    "no_longer_accredited": ("the issuer is no longer accredited today", "签发方现已不具备资格"),
    "claimed_long_before": ("dated long before it was anchored", "所载日期远早于上链时间"),
    "persons_own_key": ("signed with a person's own key", "由个人密钥签署"),
    "operator_is_issuer": ("the issuer also operates this chain", "签发方同时是该链的运营方"),
}

ADVICE: Final[dict[str, Sentence]] = {
    "unknown_deployment": (
        "Ask whoever runs that chain for its trust file, and add it only if you trust them.",
        "请向该链运营方索取信任文件，确认可信后再添加。",
    ),
    "not_final": ("Verify again in a few minutes.", "请几分钟后再次验证。"),
    "not_anchored": (
        "Verify again in a few minutes; if it stays so, ask the issuer.",
        "请几分钟后再次验证；若仍如此，请联系签发方。",
    ),
    "missing": (
        "Give the linked proof files too, or name their place with --from.",
        "请一并提供所引用的证明文件，或用 --from 指定其位置。",
    ),
    "no_access": (
        "Set TRACE_API_KEY to a key that may read there.",
        "请将 TRACE_API_KEY 设为有权读取的密钥。",
    ),
    "unknown_version": ("Update the verifier.", "请更新验证程序。"),
    "unknown_schema": ("Update the verifier.", "请更新验证程序。"),
    "unknown_format": ("Update the verifier.", "请更新验证程序。"),
    "snapshot_too_old": ("Fetch a newer snapshot, or verify online.", "请获取较新的快照，或联网验证。"),
    "not_covered": (
        "Use a snapshot that covers the organisation, or go online.",
        "请使用涵盖该机构的快照或联网验证。",
    ),
    "head_in_future": ("Set this computer's clock.", "请校准本机时钟。"),
    "wrong_chain_id": ("Check the node's address in the trust file.", "请检查信任文件中的节点地址。"),
    "wrong_genesis": ("Check the node's address in the trust file.", "请检查信任文件中的节点地址。"),
    "no_endpoint": (
        "Name more nodes in the trust file or with --rpc.",
        "请在信任文件中或用 --rpc 指定更多节点。",
    ),
}

DEFAULT_ADVICE: Final[Sentence] = (
    "Check the connection, try again later, or use another node (--rpc) or a snapshot (--offline).",
    "请检查网络后重试，或改用其他节点（--rpc）或快照（--offline）。",
)


def language_from(environment: str) -> Language:
    """The language that a locale name such as `zh_CN.UTF-8` asks for."""
    return "zh" if environment.lower().startswith("zh") else "en"


def say(sentence: Sentence, language: Language) -> str:
    """The sentence in that language."""
    return sentence[1 if language == "zh" else 0]


def printable(text: str) -> str:
    """Text from a record made harmless for a terminal: control and direction characters become visible."""
    return "".join(c if c.isprintable() or c == " " else f"\\u{ord(c):04x}" for c in text)
